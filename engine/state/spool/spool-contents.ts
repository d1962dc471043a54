import { LaneCounts } from './lane-counts'
import { type RecordHead, recordSize } from './record'
import { addTo, type Segment, type SpoolAmount } from './segment'
import type { SequenceSet } from './sequence-set'

/** What was found to be wrong with the spool's files. */
export interface SpoolDamage {
  file: string
  /** `cut`: an end that was never promised to be safe; `damaged`: inside a file; `vanished`: a file is gone. */
  kind: 'cut' | 'damaged' | 'vanished'
  bytes: number
  /** Logs lost, as far as is known. */
  logs: number
}

/** What is in the files of a spool, and what of it is drained. */
export class SpoolContents {
  readonly left: SpoolAmount = { records: 0, logs: 0, bytes: 0 }
  /** Those whose file is there: readers take one without a file for lost. */
  readonly segments: Segment[] = []
  readonly lanes = new LaneCounts()

  constructor(
    readonly drained: SequenceSet,
    private readonly onDamage: (damage: SpoolDamage) => void
  ) {}

  /** Bytes of all segment files. */
  get used(): number {
    return this.segments.reduce((sum, { size }) => sum + size, 0)
  }

  /** Unix milliseconds since when the oldest record is on disk, as far as files tell; Infinity where there is none. */
  get oldest(): number {
    const oldest = this.segments.find(({ left }) => left.records > 0)
    return oldest?.firstTime ?? Number.POSITIVE_INFINITY
  }

  add(segment: Segment, head: RecordHead): void {
    segment.add(head)
    addTo(this.left, head, 1)
  }

  /** False where the record was drained before. */
  drain(segment: Segment, head: RecordHead): boolean {
    if (this.drained.has(head.seq)) return false
    this.drained.add(head.seq)
    addTo(this.left, head, -1)
    segment.drained(head)
    this.lanes.count(head.lane, -1)
    return true
  }

  /** The segment's file is not there any more. */
  forget(segment: Segment): void {
    const index = this.segments.indexOf(segment)
    if (index >= 0) this.segments.splice(index, 1)
    this.drained.add(0, this.segments[0]?.firstSeq || 1)
  }

  /** Bytes of a segment make no record. */
  damaged(segment: Segment, bytes: number): void {
    segment.damaged = true
    this.onDamage({ file: segment.name, kind: 'damaged', bytes, logs: 0 })
  }

  /** A record has no body any more. */
  lost(segment: Segment, head: RecordHead): void {
    segment.damaged = true
    this.onDamage({ file: segment.name, kind: 'damaged', bytes: recordSize(head), logs: head.logs })
  }

  /** What was in it is not known by record, so that lanes stay held until the spool is opened again. */
  vanished(segment: Segment): void {
    const { records, logs, bytes } = segment.left
    Object.assign(segment.left, { records: 0, logs: 0, bytes: 0 })
    this.left.records -= records
    this.left.logs -= logs
    this.left.bytes -= bytes
    this.forget(segment)
    if (this.left.records === 0) this.lanes.clear()
    if (records > 0) this.onDamage({ file: segment.name, kind: 'vanished', bytes, logs })
  }

  /** Reports what is not there any more of what there was when the spool was closed. */
  compare(closed: SpoolAmount): void {
    const bytes = Math.max(0, closed.bytes - this.left.bytes)
    const logs = Math.max(0, closed.logs - this.left.logs)
    if (closed.records > this.left.records) this.onDamage({ file: '*.spool', kind: 'damaged', bytes, logs })
  }
}
