// The lines of a file as byte strings, and how such a line travels in a log, whose values are text.
import { createReadStream } from 'node:fs'

/**
 * Yields the bytes between line feeds. Carriage returns belong to their line, empty lines count, and the last line
 * needs no line feed; a file that ends with one has no further empty line after it.
 */
export async function* linesOf(file) {
  let rest = []
  for await (const chunk of createReadStream(file)) {
    let start = 0
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      yield Buffer.concat([...rest, chunk.subarray(start, end)])
      rest = []
      start = end + 1
    }
    if (start < chunk.length) rest.push(chunk.subarray(start))
  }
  if (rest.length > 0) yield Buffer.concat(rest)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The fields of the log that carries a line: `line` as text, or `base64` where the bytes are not valid UTF-8. */
export function logOfLine(run, index, line) {
  const frame = { run, index: String(index) }
  try {
    return { ...frame, line: utf8.decode(line) }
  } catch {
    return { ...frame, base64: line.toString('base64') }
  }
}

/** The line that a log read back carries; undefined where it carries none of this run. */
export function lineOfLog(run, log) {
  if (log?.run !== run) return undefined
  const bytes =
    typeof log.base64 === 'string' ? Buffer.from(log.base64, 'base64') : Buffer.from(String(log.line), 'utf8')
  return { index: Number(log.index), bytes }
}
