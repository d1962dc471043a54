import { errorCode } from '../sync-folder'
import type { SpoolDisk, SpoolFile } from './disk'
import type { RecordHead } from './record'
import type { Segment } from './segment'
import { SegmentScan } from './segment-scan'
import type { SequenceSet } from './sequence-set'

/** A record on disk that is not drained. */
export interface StoredRecord {
  readonly head: RecordHead
  readonly segment: Segment
  readonly offset: number
  readonly body: Buffer
}

export interface ReaderParts {
  disk: SpoolDisk
  /** In the order of writing. */
  segments: () => Iterable<Segment>
  drained: SequenceSet
  /** Bytes of a segment that are no records. */
  onDamage: (segment: Segment, bytes: number) => void
  /** A record whose body is not what was written. */
  onLost: (segment: Segment, head: RecordHead) => void
  /** The file of a segment is not there any more. */
  onVanished: (segment: Segment) => void
}

export interface ReaderStart {
  /** Of the segment. */
  readonly number: number
  readonly offset: number
  readonly seq: number
}

/** Reads what is on disk and not drained, in the order of writing. */
export class SpoolReader {
  #segment: Segment | undefined
  #file: SpoolFile | undefined
  #scan: SegmentScan | undefined
  #offset = 0
  #lastNumber: number
  /** Unix milliseconds before which nothing was written of what is still to come. */
  #since = 0
  /** Nothing is left before `until`, which no new record will change. */
  finished = false

  /**
   * @param start where it looks first, and the first record it reads
   * @param until the first record it does not read
   */
  constructor(
    private readonly parts: ReaderParts,
    private readonly start: ReaderStart = { number: 0, offset: 0, seq: 0 },
    public until: number = Number.POSITIVE_INFINITY
  ) {
    this.#lastNumber = start.number - 1
  }

  /** Lower bound, in Unix milliseconds, for the records still to come. */
  get since(): number {
    return Math.max(this.#since, this.#segment?.firstTime ?? 0)
  }

  /**
   * The next record; undefined where there is none at present, or where it is not to be read yet. Must not be called
   * again before it resolves.
   */
  async next(isWanted: (head: RecordHead) => boolean = () => true): Promise<StoredRecord | undefined> {
    while (!this.finished) {
      const segment = this.#segment ?? (await this.#enter())
      const scan = this.#scan
      if (segment === undefined || scan === undefined) return undefined
      scan.end = segment.size
      const found = await scan.at(this.#offset)
      if (found.kind === 'end') {
        if (segment.size > scan.end) continue
        if (this.#following() === undefined) return undefined
        await this.#leave()
        continue
      }
      if (found.kind === 'damage') {
        this.#offset = found.end
        this.parts.onDamage(segment, found.end - found.offset)
        continue
      }
      const { head, offset } = found
      if (head.seq >= this.until) {
        this.finished = true
        await this.close()
        return undefined
      }
      const passed = head.seq < this.start.seq || this.parts.drained.has(head.seq)
      if (!passed && !isWanted(head)) return undefined
      const body = passed ? undefined : await scan.body(offset, head)
      this.#offset = found.end
      this.#since = head.time
      if (passed) continue
      if (body !== undefined) return { head, segment, offset, body }
      this.parts.onLost(segment, head)
    }
    return undefined
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    this.#scan = undefined
    await file?.close()
  }

  #following(): Segment | undefined {
    for (const segment of this.parts.segments()) if (segment.number > this.#lastNumber) return segment
    return undefined
  }

  async #enter(): Promise<Segment | undefined> {
    for (let segment = this.#following(); segment !== undefined; segment = this.#following()) {
      try {
        this.#file = await this.parts.disk.open(segment.name)
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw error
        this.#lastNumber = segment.number
        this.parts.onVanished(segment)
        continue
      }
      this.#lastNumber = segment.number
      this.#segment = segment
      this.#offset = segment.number === this.start.number ? this.start.offset : 0
      this.#scan = new SegmentScan(this.#file, segment.size)
      return segment
    }
    return undefined
  }

  async #leave(): Promise<void> {
    this.#segment = undefined
    await this.close()
  }
}
