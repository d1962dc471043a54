import type { SlsError } from '../client/errors'
import type { RecordHead } from '../state/spool/record'
import type { Spool } from '../state/spool/spool'
import type { StoredRecord } from '../state/spool/spool-reader'
import { Batch } from './batch'
import { type DrainStream, DrainStreams } from './drain-streams'
import type { SinkEmitter } from './events'
import type { SinkSettings, SpoolSettings } from './options'
import { OrderBook } from './order-book'
import type { Piece, Settlement } from './piece'
import { Postponed, type RecordPlace } from './postponed'
import { PurposeTimers } from './purpose-timers'
import { Rejections } from './rejections'
import type { Sender } from './sender'
import { POSTPONED } from './sender-spool'
import { SpoolExpiry } from './spool-expiry'
import type { SpoolKeeper } from './spool-keeper'
import type { SpoolStatus } from './spool-status'

/** Milliseconds between writing down what is drained, between looks for what is too old, and after what failed. */
const SAVE_INTERVAL = 1000
const EXPIRY_INTERVAL = 10_000
const SAVE_PAUSE = 5000
const READ_PAUSE = 5000

export interface DrainerParts {
  settings: SinkSettings
  spool: SpoolSettings
  sender: () => Sender
  emitter: SinkEmitter
  keeper: SpoolKeeper
  /** Something was drained. */
  onDrained: () => void
}

/** Sends what is on disk, in the order of writing, with no more of it in memory than it takes to keep the line busy. */
export class Drainer {
  readonly counts: Pick<SpoolStatus, 'drained' | 'expired' | 'rejected' | 'lost'> = {
    drained: 0,
    expired: 0,
    rejected: 0,
    lost: 0
  }
  readonly #order: OrderBook | undefined
  readonly #rejections: Rejections
  readonly #expiry: SpoolExpiry
  readonly #postponed = new Postponed()
  readonly #streams: DrainStreams
  #working: Promise<void> | undefined
  #again = false
  #state: 'reading' | 'pausing' | 'stopped' = 'reading'
  readonly #timers: PurposeTimers<'save' | 'expiry' | 'pause' | 'postponed'>
  readonly #settlement: Settlement = {
    accept: (logs) => {
      this.counts.drained += logs
    },
    fail: () => undefined,
    spool: () => undefined
  }

  constructor(private readonly parts: DrainerParts) {
    const { settings, spool, keeper, emitter } = parts
    this.#order = settings.ordered ? new OrderBook() : undefined
    this.#rejections = new Rejections(keeper.disk, spool.limit, emitter)
    this.#expiry = new SpoolExpiry(settings.clock, spool.maxAge, emitter)
    this.#streams = new DrainStreams(settings, spool.mode)
    this.#timers = new PurposeTimers(settings.clock)
    if (Number.isFinite(spool.maxAge)) this.#expireLater()
  }

  /** Bytes of the buffer that batches from disk take. */
  get charge(): number {
    return this.#streams.charge
  }

  /** The most they ever took. */
  get peak(): number {
    return this.#streams.peak
  }

  /** Unix milliseconds at which the oldest record went to disk; Infinity where there is none. */
  get oldest(): number {
    const { spool } = this.parts.keeper
    if (spool === undefined || spool.left.records === 0) return Number.POSITIVE_INFINITY
    let oldest = this.#postponed.oldest
    for (const { stored } of this.#streams.batches)
      if (stored !== undefined) oldest = Math.min(oldest, stored.head.time)
    if (this.#unread(spool) <= 0) return oldest
    return Math.min(oldest, Math.max(spool.oldest, this.#streams.since))
  }

  /** Reads on where there is something to read and room for it. */
  pump(): void {
    if (this.#state !== 'reading' || this.parts.keeper.spool === undefined) return
    this.#again = true
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
      if (this.#again) this.pump()
    })
  }

  /** Everything of the batch is accepted or was refused for good. */
  settled(batch: Batch): void {
    this.#rejections.afterThoseOf(batch, () => this.#finish(batch))
  }

  /** The batch stays on disk for a while, and with it what else there is for the same logstore. */
  postpone(batch: Batch): void {
    const dueAt = this.parts.settings.clock.now() + POSTPONED
    const isToWait = (other: Batch) =>
      this.#order !== undefined && other.frame.logstore === batch.frame.logstore && other.state !== 'sending'
    const waiting = [
      batch,
      ...[...this.#streams.batches].filter((other) => other !== batch && isToWait(other))
    ]
    for (const each of waiting) {
      this.#putBack(each)
      if (each.stored !== undefined) this.#postponed.add(each.stored, dueAt)
    }
    for (const each of waiting) this.#free(each)
    this.pump()
  }

  /** The service refused a part of the batch for good: it is kept for people. */
  reject(batch: Batch, piece: Piece, error: SlsError): void {
    this.counts.rejected += piece.logs
    this.#rejections.add(batch, piece, error)
  }

  /** Reads no more; what is being sent goes on. */
  stop(): void {
    this.#state = 'stopped'
    this.#timers.stop()
  }

  /** Puts back to disk what is not on the wire. */
  letGo(): void {
    for (const batch of [...this.#streams.batches]) if (batch.state !== 'sending') this.#putBack(batch)
  }

  /** Resolves when nothing from disk is on its way. */
  idle(): Promise<void> {
    return this.#streams.idle()
  }

  /** Lets go of the files. */
  async close(): Promise<void> {
    this.stop()
    await this.#working
    await this.#rejections.kept()
    await this.#streams.close()
  }

  async #work(): Promise<void> {
    try {
      while (this.#again && this.#state === 'reading') {
        this.#again = false
        let found = true
        while (found && this.#state === 'reading') found = await this.#readOne()
      }
    } catch (error) {
      this.#again = false
      if (this.#state === 'reading') this.#pause()
      this.parts.keeper.failed(error)
    }
    const wait = this.#postponed.wait(this.parts.settings.clock.now())
    if (wait > 0 && Number.isFinite(wait)) this.#timers.after('postponed', wait, () => this.pump())
  }

  #pause(): void {
    this.#state = 'pausing'
    this.#timers.after('pause', READ_PAUSE, () => {
      this.#state = 'reading'
      this.pump()
    })
  }

  /** False where there is nothing to read, or no room. */
  async #readOne(): Promise<boolean> {
    const { keeper, settings } = this.parts
    const { spool } = keeper
    if (spool === undefined) return false
    this.#expiry.passes(spool.nextSeq)
    this.#streams.splitIfBehind(spool, this.#unread(spool))
    const backlog = this.#streams.backlog(spool)
    if (this.#streams.isFull) return false
    const fits = (head: RecordHead) => this.#streams.fits(head)
    const due = this.#postponed.takeDue(settings.clock.now(), ({ head }) => fits(head))
    if (due !== undefined) {
      const record = await this.#readAgain(spool, due)
      if (record !== undefined) this.#send(record, backlog)
      return true
    }
    if (this.#postponed.isFull) return false
    for (const stream of this.#streams.readable()) {
      const record = await stream.reader.next(fits)
      if (record === undefined) continue
      if (this.#postponed.concerns(record.head.logstore)) this.#postponed.add(record)
      else this.#send(record, stream)
      return true
    }
    return false
  }

  /** Undefined where it is damaged. One that cannot be read at present keeps its place. */
  async #readAgain(spool: Spool, place: RecordPlace): Promise<StoredRecord | undefined> {
    try {
      const record = await spool.readAgain(place)
      if (record === undefined) this.#postponed.gone(place.head.logstore)
      return record
    } catch (error) {
      this.#postponed.add(place, this.parts.settings.clock.now())
      throw error
    }
  }

  #send(record: StoredRecord, stream: DrainStream): void {
    if (this.#expiry.isOver(record)) {
      this.#giveUp([record])
      return
    }
    if (this.#state === 'stopped') return
    const batch = Batch.ofStored(record, this.#settlement, this.parts.settings.clock.now())
    this.#streams.add(batch, stream)
    this.#order?.follow(String(record.head.lane), batch)
    this.parts.sender().submit(batch)
  }

  #unread(spool: Spool): number {
    return spool.left.records - this.#streams.count - this.#postponed.count
  }

  #finish(batch: Batch): void {
    this.#streams.leave(batch)
    const { keeper } = this.parts
    if (batch.stored !== undefined) keeper.spool?.settle(batch.stored)
    this.#postponed.succeeded(batch.frame.logstore)
    this.#free(batch)
    this.#drained()
  }

  #drained(): void {
    this.parts.keeper.drained()
    this.#saveLater(SAVE_INTERVAL)
    this.parts.onDrained()
    this.pump()
  }

  #saveLater(delay: number): void {
    const { keeper } = this.parts
    this.#timers.after('save', delay, () => {
      keeper.spool?.save().catch((error: unknown) => {
        this.#saveLater(SAVE_PAUSE)
        keeper.failed(error)
      })
    })
  }

  #putBack(batch: Batch): void {
    this.parts.sender().release(batch)
    this.#streams.leave(batch)
  }

  /** Lets those go on that had to wait for the batch. */
  #free(batch: Batch): void {
    for (const freed of this.#order?.release(batch) ?? []) this.parts.sender().unblock(freed)
  }

  #expireLater(): void {
    this.#timers.after('expiry', EXPIRY_INTERVAL, () => this.#expire())
  }

  #expire(): void {
    this.#expireLater()
    const { spool } = this.parts.keeper
    if (spool !== undefined) this.#expiry.passes(spool.nextSeq)
    const over: RecordPlace[] = this.#postponed.takeAll((place) => this.#expiry.isOver(place))
    for (const batch of [...this.#streams.batches]) {
      const { stored, state } = batch
      if (stored === undefined || state === 'sending' || !this.#expiry.isOver(stored)) continue
      this.#putBack(batch)
      this.#free(batch)
      over.push(stored)
    }
    this.#giveUp(over)
    this.pump()
  }

  #giveUp(places: readonly RecordPlace[]): void {
    if (places.length === 0) return
    for (const place of places) {
      this.counts.expired += place.head.logs
      this.parts.keeper.spool?.settle(place)
      this.#postponed.gone(place.head.logstore)
    }
    this.#expiry.tell(places)
    this.#drained()
  }
}
