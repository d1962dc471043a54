import { crc32 } from './crc32'
import { SequenceSet } from './sequence-set'

/** One line of JSON that carries its own checksum: which records are drained. */
export function formatMark(drained: SequenceSet): string {
  const content = JSON.stringify(drained.ranges)
  return `{"version":1,"checksum":${crc32(Buffer.from(content))},"drained":${content}}\n`
}

/** Undefined where the text is no mark that is whole: then records that were drained are sent again. */
export function parseMark(text: string): SequenceSet | undefined {
  try {
    const mark = JSON.parse(text) as { version: unknown; checksum: unknown; drained: [number, number][] }
    const content = JSON.stringify(mark.drained)
    if (mark.version !== 1 || mark.checksum !== crc32(Buffer.from(content))) return undefined
    const drained = new SequenceSet()
    for (const [from, to] of mark.drained) drained.add(from, to)
    return drained
  } catch {
    return undefined
  }
}
