import { crc32 } from './crc32'
import type { SpoolAmount } from './segment'
import { SequenceSet } from './sequence-set'

export interface DrainMark {
  readonly drained: SequenceSet
  /** What was not drained when the spool was closed; undefined while it is in use, and after a crash. */
  readonly left?: SpoolAmount | undefined
}

/** One line of JSON that carries its own checksum: which records are drained. */
export function formatMark({ drained, left }: DrainMark): string {
  const content = JSON.stringify(drained.ranges)
  const rest = left === undefined ? '' : `,"left":${JSON.stringify(left)}`
  return `{"version":1,"checksum":${crc32(Buffer.from(content + rest))},"drained":${content}${rest}}\n`
}

/** Nothing is drained where the text is no mark that is whole: then records that were drained are sent again. */
export function parseMark(text: string): DrainMark {
  try {
    const mark = JSON.parse(text) as {
      version: unknown
      checksum: unknown
      drained: [number, number][]
      left?: SpoolAmount
    }
    const drained = new SequenceSet()
    for (const [from, to] of mark.drained) drained.add(from, to)
    const read = { drained, left: mark.left }
    if (mark.version === 1 && formatMark(read) === text) return read
  } catch {
    // Damaged.
  }
  return { drained: new SequenceSet() }
}
