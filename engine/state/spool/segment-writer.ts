import type { SpoolDisk, SpoolFile } from './disk'
import { decodeHead, encodeHead, type RecordHead, recordSize, type SpoolEntry } from './record'
import type { Segment } from './segment'

/** Bytes that are written and synced together at most, but for a single record that is larger; all in one segment. */
const LARGEST_GROUP = 4 * 1024 * 1024

const SMALLEST_GROUP = 4096

interface Pending {
  readonly entry: SpoolEntry
  readonly resolve: (head: RecordHead) => void
  readonly reject: (error: unknown) => void
}

export interface WriterParts {
  disk: SpoolDisk
  /** Bytes from which on a segment takes no more. */
  segmentBytes: number
  /** A new segment, not yet on disk. */
  newSegment: () => Segment
  /** Its file is there. */
  onCreated: (segment: Segment) => void
  nextSeq: () => number
  /** Records of a segment are on disk for sure. */
  onSynced: (segment: Segment, heads: readonly RecordHead[]) => void
  /** The segment takes no more. */
  onFull: (segment: Segment) => void
}

/**
 * Appends records, those that come while others are being synced together in one go. After a failure nothing goes
 * into the same file any more, and what of it is not known to be on disk is cut off.
 */
export class SegmentWriter {
  #pending: Pending[] = []
  #failures = 0
  /** Bytes of a group at most: less after a failure, so that a nearly full disk takes what it has room for. */
  #groupLimit = LARGEST_GROUP
  #working: Promise<void> | undefined
  #file: SpoolFile | undefined
  #segment: Segment | undefined

  constructor(private readonly parts: WriterParts) {}

  /** Groups that did not get to disk. */
  get failures(): number {
    return this.#failures
  }

  /** The segment that is being written; its file may be in the making. */
  get segment(): Segment | undefined {
    return this.#segment
  }

  /** Resolves when the record is synced. A failure fails all that wait, so that nothing overtakes. */
  append(entry: SpoolEntry): Promise<RecordHead> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ entry, resolve, reject })
      this.#working ??= this.#work().finally(() => {
        this.#working = undefined
      })
    })
  }

  /** Lets go of the segment, so that the next record begins a new one. */
  async finishSegment(): Promise<void> {
    while (this.#working !== undefined) await this.#working
    await this.#letGo()
  }

  async #work(): Promise<void> {
    // Whoever writes in the same turn goes into the same group.
    await Promise.resolve()
    while (this.#pending.length > 0) {
      const group = this.#takeGroup()
      try {
        const heads = await this.#write(group)
        this.#groupLimit = Math.min(LARGEST_GROUP, this.#groupLimit * 2)
        for (const [index, { resolve }] of group.entries()) resolve(heads[index] as RecordHead)
      } catch (error) {
        this.#failures++
        this.#groupLimit = Math.max(SMALLEST_GROUP, Math.floor(this.#groupLimit / 8))
        const failed = [...group, ...this.#pending.splice(0)]
        await this.#giveUpSegment()
        for (const { reject } of failed) reject(error)
      }
    }
  }

  #takeGroup(): Pending[] {
    const room = Math.min(this.#groupLimit, this.parts.segmentBytes - (this.#segment?.size ?? 0))
    let bytes = 0
    let count = 0
    for (const { entry } of this.#pending) {
      bytes += entry.body.length
      if (count > 0 && bytes > room) break
      count++
    }
    return this.#pending.splice(0, count)
  }

  async #write(group: readonly Pending[]): Promise<RecordHead[]> {
    const parts: Buffer[] = []
    const heads: RecordHead[] = []
    for (const { entry } of group) {
      const bytes = encodeHead(entry, this.parts.nextSeq())
      heads.push(decodeHead(bytes) as RecordHead)
      parts.push(bytes, entry.body)
    }
    const { file, segment } = await this.#open()
    await file.write(Buffer.concat(parts), segment.size)
    await file.sync()
    segment.size += heads.reduce((sum, head) => sum + recordSize(head), 0)
    this.parts.onSynced(segment, heads)
    if (segment.size >= this.parts.segmentBytes) await this.#letGo()
    return heads
  }

  async #open(): Promise<{ file: SpoolFile; segment: Segment }> {
    if (this.#file === undefined || this.#segment === undefined) {
      const segment = this.parts.newSegment()
      this.#segment = segment
      this.#file = await this.parts.disk.create(segment.name)
      this.parts.onCreated(segment)
    }
    return { file: this.#file, segment: this.#segment }
  }

  async #letGo(): Promise<void> {
    const segment = this.#segment
    const file = this.#file
    this.#segment = undefined
    this.#file = undefined
    if (segment !== undefined) this.parts.onFull(segment)
    // What it is known to hold is synced already.
    await file?.close().catch(() => undefined)
  }

  async #giveUpSegment(): Promise<void> {
    const segment = this.#segment
    if (segment !== undefined) await this.#file?.truncate(segment.size).catch(() => undefined)
    await this.#letGo()
  }
}
