import { errorCode } from '../sync-folder'
import type { SpoolDisk } from './disk'
import { formatMark, parseMark } from './drain-mark'
import { headSizeOf, type RecordHead, type SpoolEntry } from './record'
import { Segment, type SpoolAmount } from './segment'
import { recoverSegment } from './segment-recovery'
import { SegmentScan } from './segment-scan'
import { SegmentWriter } from './segment-writer'
import type { SequenceSet } from './sequence-set'
import { SpoolContents, type SpoolDamage } from './spool-contents'
import { spoolError, spoolFull } from './spool-error'
import { type ReaderStart, SpoolReader, type StoredRecord } from './spool-reader'
import { TaskChain } from './task-chain'

const MARK = 'drained.json'
const LARGEST_SEGMENT = 16 * 1024 * 1024
const SMALLEST_SEGMENT = 16 * 1024

export interface SpoolOptions {
  disk: SpoolDisk
  /** Bytes on disk, drained ones that are not removed yet included. */
  limit: number
  onDamage: (damage: SpoolDamage) => void
}

/**
 * A first-in first-out store of sealed batches in segment files of one folder. What `append` has resolved for survives
 * a crash and a loss of power; a record that was drained may come again after one. Files that are not of the spool are
 * left alone.
 */
export class Spool {
  readonly #contents: SpoolContents
  readonly #writer: SegmentWriter
  /** Bytes of records on their way to disk. */
  #coming = 0
  /** Records that wait for room. */
  readonly #turns = new TaskChain()
  /** How often there was none. */
  #refusals = 0
  #nextNumber = 1
  #nextSeq = 1
  #dirty = false
  /** Removals and marks. */
  readonly #chores = new TaskChain()
  #closed: boolean = false
  /** Nothing is written any more. */
  #isAtRest: boolean = false

  private constructor(
    private readonly options: SpoolOptions,
    drained: SequenceSet
  ) {
    const contents = new SpoolContents(drained, options.onDamage)
    this.#contents = contents
    this.#writer = new SegmentWriter({
      disk: options.disk,
      segmentBytes: Math.min(LARGEST_SEGMENT, Math.max(SMALLEST_SEGMENT, Math.floor(options.limit / 8))),
      newSegment: () => new Segment(this.#nextNumber++, 0),
      onCreated: (segment) => contents.segments.push(segment),
      nextSeq: () => this.#nextSeq++,
      onSynced: (segment, heads) => {
        for (const head of heads) contents.add(segment, head)
      },
      onFull: (segment) => this.#removeIfDrained(segment)
    })
  }

  /**
   * Reads what an earlier life left, and cuts an end that is torn.
   * @throws SlsError `Spool` naming the folder
   */
  static async open(options: SpoolOptions): Promise<Spool> {
    const { disk } = options
    try {
      await disk.prepare()
      const mark = parseMark((await disk.read(MARK))?.toString() ?? '')
      const spool = new Spool(options, mark.drained)
      await spool.#load(mark.left)
      return spool
    } catch (error) {
      throw spoolError(error, 'opened', disk.path)
    }
  }

  /** What is not drained. */
  get left(): Readonly<SpoolAmount> {
    return this.#contents.left
  }

  get path(): string {
    return this.options.disk.path
  }

  get limit(): number {
    return this.options.limit
  }

  /** The number of the record that is written next. */
  get nextSeq(): number {
    return this.#nextSeq
  }

  /** How often records did not get to disk. */
  get failures(): number {
    return this.#writer.failures + this.#refusals
  }

  /** Bytes of all segment files. */
  get used(): number {
    return this.#contents.used
  }

  /** Whether anything is to be saved by `save`. */
  get isDirty(): boolean {
    return this.#dirty
  }

  /** Unix milliseconds since when the oldest record is on disk, as far as files tell; Infinity where there is none. */
  get oldest(): number {
    return this.#contents.oldest
  }

  hasRoom(entry: SpoolEntry): boolean {
    return this.used + this.#coming + sizeOf(entry) <= this.options.limit
  }

  /** Whether a record of the lane, or of one that shares its number, is on disk or on its way there. */
  holds(lane: number): boolean {
    return this.#contents.lanes.holds(lane)
  }

  /**
   * Resolves when the record is on disk for sure. Records get there in the order of these calls; where one fails, all
   * fail that were appended before that was known.
   * @throws SlsError `Spool`: field `spoolBytes` where there is no room, else `spoolPath`
   */
  async append(entry: SpoolEntry): Promise<void> {
    const { failures } = this
    const { lanes } = this.#contents
    lanes.count(entry.lane, 1)
    try {
      if (this.#turns.isIdle && this.hasRoom(entry)) await this.#write(entry)
      else await this.#turns.add(() => this.#writeWithRoom(entry, failures))
    } catch (error) {
      lanes.count(entry.lane, -1)
      throw spoolError(error, 'written', this.path)
    }
  }

  /** Reads from the oldest record on. */
  reader(): SpoolReader {
    return this.#reader()
  }

  /** Reads what is written from now on; `reader` is to end there. */
  readerFromHere(reader: SpoolReader): SpoolReader {
    const segment = this.#writer.segment
    const seq = this.#nextSeq
    reader.until = seq
    return this.#reader({ number: segment?.number ?? this.#nextNumber, offset: segment?.size ?? 0, seq })
  }

  /** Reads a record once more; undefined where its body is not there any more, which is reported. */
  async readAgain({ segment, offset, head }: Omit<StoredRecord, 'body'>): Promise<StoredRecord | undefined> {
    const file = await this.options.disk.open(segment.name).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw spoolError(error, 'read', this.path)
    })
    try {
      const body = file && (await new SegmentScan(file, segment.size).body(offset, head))
      if (body !== undefined) return { head, segment, offset, body }
    } finally {
      await file?.close()
    }
    this.#lose(segment, head)
    return undefined
  }

  /** The record needs not be kept any longer. */
  settle({ head, segment }: Pick<StoredRecord, 'head' | 'segment'>): void {
    if (!this.#contents.drain(segment, head)) return
    this.#dirty = true
    this.#removeIfDrained(segment)
  }

  /** Writes down what is drained, so that a crash repeats no more than what is drained later. */
  async save(): Promise<void> {
    if (!this.#dirty) return
    this.#dirty = false
    try {
      const mark = { drained: this.#contents.drained, left: this.#isAtRest ? this.left : undefined }
      await this.#chore(() => this.options.disk.replace(MARK, formatMark(mark)), 'written')
    } catch (error) {
      this.#dirty = true
      throw error
    }
  }

  /**
   * Waits for what is being written, and saves. What waits for room is refused: the next owner of the folder must not
   * find files that change.
   * @throws SlsError `Spool` where it cannot: what is on disk is safe, but some of what is drained will come again
   */
  async close(): Promise<void> {
    this.#closed = true
    await this.#turns.done()
    await this.#writer.finishSegment()
    this.#isAtRest = true
    this.#dirty = true
    await this.save()
    await this.#chores.done()
  }

  async #write(entry: SpoolEntry): Promise<void> {
    if (this.#closed) throw new Error('the spool is closed')
    const size = sizeOf(entry)
    this.#coming += size
    try {
      await this.#writer.append(entry)
    } finally {
      this.#coming -= size
    }
  }

  async #writeWithRoom(entry: SpoolEntry, failures: number): Promise<void> {
    if (this.failures !== failures) throw new Error('the record before could not be written')
    if (!this.hasRoom(entry)) await this.#makeRoom()
    if (this.hasRoom(entry)) return this.#write(entry)
    this.#refusals++
    throw spoolFull(this.path, this.options.limit)
  }

  /** @param closed what there was when it was closed: undefined after a crash */
  async #load(closed: SpoolAmount | undefined): Promise<void> {
    const { disk } = this.options
    const { segments, drained } = this.#contents
    for (const { name, size } of await disk.list()) {
      const number = Segment.numberOf(name)
      if (number !== undefined) segments.push(new Segment(number, size))
    }
    segments.sort((a, b) => a.number - b.number)
    this.#nextSeq = Math.max(1, drained.end)
    const last = segments.at(-1)
    this.#nextNumber = (last?.number ?? 0) + 1
    for (const segment of segments) await this.#loadSegment(segment, segment === last && closed === undefined)
    if (closed !== undefined) await this.#compare(closed)
    this.#removeDrained()
  }

  async #loadSegment(segment: Segment, mayBeTorn: boolean): Promise<void> {
    const { disk, onDamage } = this.options
    const { records, cut } = await recoverSegment(disk, segment, mayBeTorn)
    if (cut > 0) onDamage({ file: segment.name, kind: 'cut', bytes: cut, logs: 0 })
    for (const { head, end } of records) {
      this.#nextSeq = Math.max(this.#nextSeq, head.seq + 1)
      if (end > segment.size) break
      if (segment.firstSeq === 0) segment.firstSeq = head.seq
      if (this.#contents.drained.has(head.seq)) continue
      this.#contents.add(segment, head)
      this.#contents.lanes.count(head.lane, 1)
    }
  }

  /** The mark that says what there was is void from now on. */
  async #compare(closed: SpoolAmount): Promise<void> {
    this.#contents.compare(closed)
    this.#dirty = true
    await this.save().catch(() => undefined)
  }

  #reader(start?: ReaderStart): SpoolReader {
    return new SpoolReader(
      {
        disk: this.options.disk,
        segments: () => this.#contents.segments,
        drained: this.#contents.drained,
        onDamage: (segment, bytes) => this.#contents.damaged(segment, bytes),
        onLost: (segment, head) => this.#lose(segment, head),
        onVanished: (segment) => this.#contents.vanished(segment)
      },
      start
    )
  }

  #lose(segment: Segment, head: RecordHead): void {
    this.#contents.lost(segment, head)
    this.settle({ segment, head })
  }

  /** Drained records take room, too: those of the segment that is being written, and of files that could not be removed. */
  async #makeRoom(): Promise<void> {
    if (this.#writer.segment?.left.records === 0) await this.#writer.finishSegment()
    this.#removeDrained()
    await this.#chores.done()
  }

  #removeDrained(): void {
    for (const segment of [...this.#contents.segments]) this.#removeIfDrained(segment)
  }

  #removeIfDrained(segment: Segment): void {
    const { segments } = this.#contents
    if (segment.left.records > 0 || segment === this.#writer.segment || !segments.includes(segment)) return
    const { disk } = this.options
    this.#chore(async () => {
      if (segment.damaged) await disk.rename(segment.name, `${segment.name}.damaged`)
      else await disk.remove(segment.name)
      this.#contents.forget(segment)
    }, 'cleared').catch(() => undefined)
  }

  #chore(task: () => Promise<void>, what: string): Promise<void> {
    return this.#chores.add(task).catch((error: unknown) => {
      throw spoolError(error, what, this.path)
    })
  }
}

function sizeOf(entry: SpoolEntry): number {
  return headSizeOf(entry) + entry.body.length
}
