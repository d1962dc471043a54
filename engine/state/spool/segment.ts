import type { RecordHead } from './record'
import { recordSize } from './record'

/** Records, their logs and their bytes on disk. */
export interface SpoolAmount {
  records: number
  logs: number
  bytes: number
}

/** One file of the spool. */
export class Segment {
  readonly name: string
  /** What is in it and not yet drained. */
  readonly left: SpoolAmount = { records: 0, logs: 0, bytes: 0 }
  /** Of its first record: 0 where it has none. */
  firstSeq = 0
  /** Unix milliseconds of the first record in it that is not drained. */
  firstTime = Number.POSITIVE_INFINITY
  damaged = false

  constructor(
    readonly number: number,
    /** Bytes that are on disk for sure. */
    public size: number
  ) {
    this.name = `${String(number).padStart(8, '0')}.spool`
  }

  /** The number in a file's name; undefined where the file is none of ours. */
  static numberOf(name: string): number | undefined {
    const digits = /^(\d{8,15})\.spool$/.exec(name)?.[1]
    return digits === undefined ? undefined : Number(digits)
  }

  add(head: RecordHead): void {
    if (this.firstSeq === 0) this.firstSeq = head.seq
    if (this.left.records === 0) this.firstTime = head.time
    addTo(this.left, head, 1)
  }

  drained(head: RecordHead): void {
    addTo(this.left, head, -1)
  }
}

export function addTo(amount: SpoolAmount, head: RecordHead, sign: 1 | -1): void {
  amount.records += sign
  amount.logs += sign * head.logs
  amount.bytes += sign * recordSize(head)
}
