import type { RecordHead } from '../state/spool/record'
import type { Spool } from '../state/spool/spool'
import type { SpoolReader } from '../state/spool/spool-reader'
import { BATCH_OVERHEAD, type Batch, SHARE_OVERHEAD } from './batch'
import type { SinkSettings, SpoolSettings } from './options'

/** The share of the buffer that batches read from disk may take. */
export const DRAIN_SHARE = 0.25
/** Batches from disk on their way, for each request that may be in flight. */
const BATCHES_PER_REQUEST = 2
/** Milliseconds and records by which reading may be behind until newer ones are read besides. */
const BEHIND = 5000
const MANY = 16

/** One reader and its batches that are being sent. */
export interface DrainStream {
  readonly reader: SpoolReader
  readonly window: Set<Batch>
}

/**
 * What is read from disk, and what of it is on its way. Where order does not matter, what is written now does not wait
 * for all that was written in an outage: it is read besides.
 */
export class DrainStreams {
  #backlog: DrainStream | undefined
  /** Of what was written lately, while there is much to catch up on. */
  #live: DrainStream | undefined
  readonly #streams = new Map<Batch, DrainStream>()
  #charge = 0
  #peak = 0
  #onIdle: () => void = () => undefined

  constructor(
    private readonly settings: Pick<SinkSettings, 'clock' | 'concurrency' | 'ordered' | 'totalBytes'>,
    private readonly mode: SpoolSettings['mode']
  ) {}

  /** Bytes of the buffer that batches from disk take. */
  get charge(): number {
    return this.#charge
  }

  /** The most they ever took. */
  get peak(): number {
    return this.#peak
  }

  /** Those on their way. */
  get batches(): Iterable<Batch> {
    return this.#streams.keys()
  }

  get count(): number {
    return this.#streams.size
  }

  get isFull(): boolean {
    return this.#streams.size >= this.settings.concurrency * BATCHES_PER_REQUEST
  }

  /** Unix milliseconds at which the last record that was read first went to disk; 0 before one is read. */
  get since(): number {
    return this.#backlog?.reader.since ?? 0
  }

  /** Where records begin that are read for the first time, or again after they were put off. */
  backlog(spool: Spool): DrainStream {
    this.#backlog ??= { reader: spool.reader(), window: new Set() }
    return this.#backlog
  }

  /** @param unread records on disk that nothing has been done about */
  splitIfBehind(spool: Spool, unread: number): void {
    const newest = this.#live ?? this.backlog(spool)
    if (this.settings.ordered || this.mode !== 'always') return
    if (this.#live !== undefined && this.#backlog?.reader.finished !== true) return
    const since = newest.reader.since || spool.oldest
    if (unread < MANY || this.settings.clock.date() - since < BEHIND) return
    this.#backlog = newest
    this.#live = { reader: spool.readerFromHere(newest.reader), window: new Set() }
  }

  /** The stream with less on its way first. */
  readable(): DrainStream[] {
    const streams = [this.#live, this.#backlog].filter((stream) => stream?.reader.finished === false)
    return (streams as DrainStream[]).sort((a, b) => a.window.size - b.window.size)
  }

  /** Whether the share of the buffer has room; one record may always be on its way. */
  fits(head: RecordHead): boolean {
    if (this.#streams.size === 0) return true
    const charge = BATCH_OVERHEAD + SHARE_OVERHEAD + head.bodySize
    return this.#charge + charge <= this.settings.totalBytes * DRAIN_SHARE
  }

  add(batch: Batch, stream: DrainStream): void {
    this.#charge += batch.charge
    this.#peak = Math.max(this.#peak, this.#charge)
    stream.window.add(batch)
    this.#streams.set(batch, stream)
  }

  leave(batch: Batch): void {
    const stream = this.#streams.get(batch)
    if (stream === undefined) return
    this.#streams.delete(batch)
    stream.window.delete(batch)
    this.#charge -= batch.charge
    this.#tellIdle()
  }

  /** Resolves when nothing from disk is on its way. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve
      this.#tellIdle()
    })
  }

  async close(): Promise<void> {
    await this.#backlog?.reader.close()
    await this.#live?.reader.close()
  }

  #tellIdle(): void {
    if (this.#streams.size === 0) this.#onIdle()
  }
}
