import { SlsClient } from '../client/client'
import type { LogInput } from '../client/codec/log-input'
import { SlsError } from '../client/errors'
import type { ClientOptions } from '../client/options'
import { defaultRetryPolicy } from '../client/retry'
import { Accumulator } from './accumulator'
import { Admission } from './admission'
import type { Batch } from './batch'
import { DRAIN_SHARE } from './drainer'
import { DryRun } from './dry-run'
import { SinkEmitter, type SinkEvents, type SinkListener } from './events'
import { Health } from './health'
import { MemoryBudget } from './memory-budget'
import {
  checkSinkOptions,
  type PutClient,
  type SinkOptions,
  type SinkSettings,
  type SpoolSettings,
  serviceTime
} from './options'
import { OrderBook } from './order-book'
import { type DroppableBuffer, overflowPolicy } from './overflow'
import { type Place, Places } from './place'
import { checkLogs, type SinkWrite } from './prepare-write'
import { RateMeter } from './rate-meter'
import { Sender } from './sender'
import type { SinkState, SinkStatus } from './status'
import { StoreAndForward } from './store-and-forward'
import { WriteError } from './write-error'
import { type Receipt, WriteLedger, type WriteObserver } from './write-ledger'

/** Milliseconds that `close` tries for when it is not told. */
const CLOSE_DEADLINE = 10_000
/** Milliseconds that `close` waits for calls with logs from disk, so that they are not sent twice. */
const LONGEST_REST = 2000
/** The longest that a Node timer keeps. */
const LONGEST_DEADLINE = 2_147_483_647

/** What became of the logs that were not settled when `close` was called. */
export interface CloseReport {
  /** Accepted meanwhile. */
  acceptedLogs: number
  /** Put on disk meanwhile, to be sent when the next sink opens the same spool. */
  spooledLogs: number
  /** Failed, most of them with code `Closed`: each write of them rejects. */
  failedLogs: number
  failedWrites: number
}

/**
 * Writes logs to SLS in batches. Every write settles exactly once: it resolves when each of its logs is accepted,
 * and rejects when one never will be. Nothing is dropped silently.
 */
export class SlsSink {
  readonly #settings: SinkSettings
  readonly #client: PutClient
  readonly #ownClient: SlsClient | undefined
  readonly #dryRun: DryRun | undefined
  readonly #emitter = new SinkEmitter()
  readonly #health = new Health(this.#emitter)
  readonly #ledger = new WriteLedger()
  readonly #places: Places
  readonly #order: OrderBook | undefined
  readonly #budget: MemoryBudget
  readonly #accumulator: Accumulator
  readonly #admission: Admission
  readonly #sender: Sender
  readonly #spool: StoreAndForward | undefined
  readonly #logRate: RateMeter
  readonly #byteRate: RateMeter
  #acceptedLogs = 0
  #acceptedBytes = 0
  #dropped = 0
  #water: 'calm' | 'rising' = 'calm'
  #closing: Promise<CloseReport> | undefined
  #phase: 'open' | 'closed' = 'open'

  /** @throws SlsError `InvalidOption`; its `field` names the option. */
  constructor(options: SinkOptions) {
    this.#ownClient = isPutClient(options.client) ? undefined : new SlsClient(options.client)
    const given: PutClient = this.#ownClient ?? (options.client as PutClient)
    const settings = checkSinkOptions(options, given.retryPolicy ?? defaultRetryPolicy)
    this.#dryRun = settings.dryRun
      ? new DryRun(given, (planned) => this.#emitter.emit('planned', planned))
      : undefined
    const client: PutClient = this.#dryRun ?? given
    this.#settings = settings
    this.#client = client
    this.#places = new Places(settings.logstore, settings.buckets)
    this.#order = settings.ordered ? new OrderBook() : undefined
    const writable = settings.spool === undefined ? 1 : 1 - DRAIN_SHARE
    this.#budget = new MemoryBudget(Math.max(1, Math.floor(settings.totalBytes * writable)), {
      high: () => this.#tellWater('highWater'),
      low: () => this.#tellWater('lowWater')
    })
    this.#logRate = new RateMeter(settings.clock.now())
    this.#byteRate = new RateMeter(settings.clock.now())
    this.#spool = settings.spool === undefined ? undefined : this.#openSpool(settings.spool)
    this.#sender = new Sender({
      client,
      settings,
      health: this.#health,
      onAccepted: (logs, bytes) => this.#count(logs, bytes),
      onSettled: (batch) => this.#settled(batch),
      spool: this.#spool
    })
    this.#accumulator = new Accumulator({
      settings,
      budget: this.#budget,
      order: this.#order,
      onSealed: (batch) => this.#sender.submit(batch)
    })
    this.#admission = new Admission({
      settings,
      budget: this.#budget,
      accumulator: this.#accumulator,
      ledger: this.#ledger,
      overflow: overflowPolicy(settings.overflow, settings.maxBlock, this.#droppable()),
      disk: this.#spool
    })
  }

  #openSpool(spool: SpoolSettings): StoreAndForward {
    return new StoreAndForward({
      settings: this.#settings,
      spool,
      sender: () => this.#sender,
      emitter: this.#emitter,
      isPressed: () => this.#admission.waitingWrites > 0,
      onChange: () => this.#admission.diskChanged()
    })
  }

  /**
   * Writes logs to one place, as many as there may be: they are cut into batches. All are checked before any is kept.
   * Logs alone go to the sink's logstore, without topic, source, tags and hash key.
   * @returns when every log is accepted, or on disk where there is a spool
   * @throws WriteError `InvalidLog` or `LogTooLarge` naming the log; `BufferFull`, `Dropped`, `Closed`; what the
   *   service refused or what ended the retries. It tells how many logs were accepted. SlsError `InvalidOption` for
   *   the logstore or hash key.
   */
  write(write: SinkWrite | readonly LogInput[]): Promise<Receipt> {
    const complete = isLogs(write) ? { logs: write } : write
    return new Promise((accepted, failed) => this.submit(complete, { accepted, failed }))
  }

  /** As `write`, without a promise: for so many small writes that these would be felt. Never throws. */
  submit(write: SinkWrite, observer: WriteObserver): void {
    try {
      this.#accept(write, observer)
    } catch (error) {
      observer.failed(error)
    }
  }

  /** Sends all that is buffered without waiting for more, and resolves when every write made before is settled. */
  async flush(): Promise<void> {
    const drained = this.#ledger.drained()
    this.#accumulator.sealAll()
    this.#admission.pump()
    await drained
  }

  /**
   * Takes no more writes, sends what there is, puts on disk in time what cannot be sent where there is a spool, and after
   * `deadline` milliseconds fails what is left with code `Closed`. A later call returns the same report.
   */
  close(deadline: number = CLOSE_DEADLINE): Promise<CloseReport> {
    this.#closing ??= this.#close(deadline)
    return this.#closing
  }

  on<Name extends keyof SinkEvents>(name: Name, listener: SinkListener<Name>): this {
    this.#emitter.on(name, listener)
    return this
  }

  off<Name extends keyof SinkEvents>(name: Name, listener: SinkListener<Name>): this {
    this.#emitter.off(name, listener)
    return this
  }

  status(): SinkStatus {
    const now = this.#settings.clock.now()
    const status: SinkStatus = {
      state: this.#state(),
      ...this.#buffered(now),
      memory: {
        used: this.#budget.used + (this.#spool?.memory.used ?? 0),
        peak: this.#budget.peak + (this.#spool?.memory.peak ?? 0),
        limit: this.#settings.totalBytes
      },
      pressure: this.#budget.level,
      openBatches: this.#accumulator.openBatches,
      sealedBatches: this.#sender.batches.size,
      inFlight: this.#sender.inFlight,
      waitingWrites: this.#admission.waitingWrites,
      waitingLogs: this.#admission.waitingLogs,
      pendingWrites: this.#ledger.pendingWrites,
      logs: this.#acceptedLogs,
      bytes: this.#acceptedBytes,
      logsPerSecond: this.#logRate.perSecond(now),
      bytesPerSecond: this.#byteRate.perSecond(now),
      requests: this.#sender.requests.count,
      retries: this.#sender.retries,
      repairedTimes: this.#sender.requests.repairedTimes,
      failed: this.#ledger.failedLogs,
      failedWrites: this.#ledger.failedWrites,
      dropped: this.#dropped,
      slowed: this.#sender.slowdowns(),
      spooled: this.#ledger.spooledLogs,
      latency: this.#sender.requests.latency.quantiles()
    }
    if (this.#spool !== undefined) status.spool = this.#spool.status()
    const lastError = this.#health.lastError(now)
    if (lastError !== undefined) status.lastError = lastError
    if (this.#dryRun !== undefined) {
      const { requests, last } = this.#dryRun
      status.dryRun = last === undefined ? { requests } : { requests, last }
    }
    return status
  }

  #accept(write: SinkWrite, observer: WriteObserver): void {
    const { logs } = write
    if (this.#closing !== undefined) {
      throw new WriteError('Closed', 'The sink is closed', { logs: countOf(logs), acceptedLogs: 0 })
    }
    const place = this.#places.placeOf(write)
    const refusing = this.#settings.timeRepair === 'reject' ? serviceTime(this.#client) : undefined
    if (refusing === undefined && this.#acceptSingle(place, logs, observer)) return
    const sizes = checkLogs(logs, place, refusing)
    const ticket = this.#ledger.open(logs.length, place.frame.logstore, observer)
    if (logs.length === 0) return
    this.#admission.submit({
      place,
      logs,
      sizes,
      frameBytes: place.frameBound,
      measured: false,
      next: 0,
      ticket
    })
    if (this.#water === 'rising') this.#relieve()
  }

  /** Most writes of one log need not be looked at before they are encoded. False where it must be. */
  #acceptSingle(place: Place, logs: readonly LogInput[], observer: WriteObserver): boolean {
    if (!Array.isArray(logs) || logs.length !== 1) return false
    const ticket = this.#ledger.draft(1, place.frame.logstore, observer)
    if (!this.#admission.admitUnchecked(place, logs[0] as LogInput, ticket)) return false
    this.#ledger.enter(ticket)
    if (this.#water === 'rising') this.#relieve()
    return true
  }

  async #close(deadline: number): Promise<CloseReport> {
    const { acceptedLogs, spooledLogs, failedLogs, failedWrites } = this.#ledger
    const time = Math.min(Math.max(deadline, 0), LONGEST_DEADLINE)
    await (this.#spool === undefined ? this.#within(time, this.flush()) : this.#empty(this.#spool, time))
    if (this.#spool !== undefined) await this.#within(Math.min(time / 10, LONGEST_REST), this.#spool.rest())
    this.#abandon()
    this.#ownClient?.close()
    this.#phase = 'closed'
    await this.#spool?.close()
    return {
      acceptedLogs: this.#ledger.acceptedLogs - acceptedLogs,
      spooledLogs: this.#ledger.spooledLogs - spooledLogs,
      failedLogs: this.#ledger.failedLogs - failedLogs,
      failedWrites: this.#ledger.failedWrites - failedWrites
    }
  }

  /** Sends for half of the time; then all that is not on the wire goes to disk, and soon after that what is. */
  async #empty(spool: StoreAndForward, time: number): Promise<void> {
    const flushed = this.flush()
    if (!this.#sender.isOutOfReach && (await this.#within(time / 2, flushed))) return
    spool.spoolEverything()
    if (await this.#within(time / 4, flushed)) return
    this.#sender.interrupt()
    await this.#within((time * 3) / 20, flushed)
  }

  /** False where `milliseconds` passed before. */
  async #within(milliseconds: number, work: Promise<void>): Promise<boolean> {
    let cancelTimer: () => void = () => undefined
    const timeUp = new Promise<false>((resolve) => {
      cancelTimer = this.#settings.clock.after(milliseconds, () => resolve(false))
    })
    const inTime = await Promise.race([work.then(() => true), timeUp])
    cancelTimer()
    return inTime
  }

  #abandon(): void {
    const error = new SlsError('Closed', 'The sink was closed before the service accepted the logs', {
      retryability: 'ordinary',
      hint: 'Those of a call that was on the wire may have been accepted'
    })
    this.#admission.failAll(error)
    this.#accumulator.sealAll()
    this.#sender.abandon(error)
  }

  #settled(batch: Batch): void {
    if (batch.stored !== undefined) {
      this.#spool?.settled(batch)
      return
    }
    this.#budget.give(batch.charge)
    for (const freed of this.#order?.release(batch) ?? []) this.#sender.unblock(freed)
    this.#admission.pump()
  }

  #droppable(): DroppableBuffer {
    const attainable = () => this.#budget.limit - this.#sender.batches.sendingCharge
    return {
      get attainable() {
        return attainable()
      },
      dropOldest: () => this.#dropOldest()
    }
  }

  #dropOldest(): boolean {
    const batch = this.#sender.batches.oldestIdle() ?? this.#accumulator.removeOldest()
    if (batch === undefined) return false
    const { pendingLogs: logs, pendingBytes: bytes } = batch
    this.#sender.giveUp(
      batch,
      new SlsError('Dropped', 'The logs were dropped to make room for newer ones', {
        retryability: 'ordinary',
        hint: 'Raise totalBytes, or let the sink wait when its buffer is full'
      })
    )
    this.#dropped += logs
    this.#emitter.emit('dropped', { logstore: batch.frame.logstore, logs, bytes })
    return true
  }

  #count(logs: number, bytes: number): void {
    this.#acceptedLogs += logs
    this.#acceptedBytes += bytes
    const now = this.#settings.clock.now()
    this.#logRate.add(logs, now)
    this.#byteRate.add(bytes, now)
  }

  #tellWater(name: 'highWater' | 'lowWater'): void {
    this.#water = name === 'highWater' ? 'rising' : 'calm'
    this.#emitter.emit(name, { used: this.#budget.used, limit: this.#budget.limit })
  }

  /** The buffer is filling: what is in it leaves at once, even in small batches. */
  #relieve(): void {
    this.#water = 'calm'
    this.#accumulator.sealAll()
  }

  #state(): SinkState {
    if (this.#phase === 'closed') return 'closed'
    if (this.#sender.batches.anyFailing) return 'retrying'
    if (this.#health.isFailing) return 'error'
    if (this.#admission.waitingWrites > 0) return 'waiting'
    return this.#ledger.pendingWrites > 0 ? 'sending' : 'idle'
  }

  #buffered(now: number): Pick<SinkStatus, 'bufferedLogs' | 'bufferedBytes' | 'oldest'> {
    let bufferedLogs = 0
    let bufferedBytes = 0
    let since = now
    for (const batches of [this.#sender.batches, this.#accumulator.batches]) {
      for (const batch of batches) {
        if (batch.stored !== undefined) continue
        bufferedLogs += batch.pendingLogs
        bufferedBytes += batch.pendingBytes
        since = Math.min(since, batch.openedAt)
      }
    }
    return { bufferedLogs, bufferedBytes, oldest: Math.round(now - since) }
  }
}

function isPutClient(client: PutClient | ClientOptions): client is PutClient {
  return 'putLogs' in client
}

function countOf(logs: unknown): number {
  return Array.isArray(logs) ? logs.length : 0
}

function isLogs(write: SinkWrite | readonly LogInput[]): write is readonly LogInput[] {
  return Array.isArray(write)
}
