import type { SpoolDisk } from './disk'
import type { RecordHead } from './record'
import type { Segment } from './segment'
import { SegmentScan } from './segment-scan'

export interface RecoveredSegment {
  /** In the order of writing, each with the offset behind it; those behind the segment's size are lost with its end. */
  readonly records: readonly { readonly head: RecordHead; readonly end: number }[]
  /** Bytes that were cut from the end. */
  readonly cut: number
}

/**
 * Reads the heads of what an earlier life wrote to a segment.
 * @param mayBeTorn whether it was being written to: an end that is not whole is cut
 */
export async function recoverSegment(
  disk: SpoolDisk,
  segment: Segment,
  mayBeTorn: boolean
): Promise<RecoveredSegment> {
  const file = await disk.open(segment.name)
  try {
    const scan = new SegmentScan(file, segment.size)
    const records: { head: RecordHead; end: number }[] = []
    let sure = 0
    for (let found = await scan.at(0); found.kind !== 'end'; found = await scan.at(found.end)) {
      if (found.kind === 'damage') continue
      records.push(found)
      if (!mayBeTorn || (await scan.body(found.offset, found.head)) !== undefined) sure = found.end
    }
    const cut = mayBeTorn ? segment.size - sure : 0
    if (cut > 0) {
      await file.truncate(sure)
      segment.size = sure
    }
    return { records, cut }
  } finally {
    await file.close()
  }
}
