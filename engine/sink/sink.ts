import { SlsClient } from '../client/client'
import type { LogInput } from '../client/codec/log-input'
import { SlsError } from '../client/errors'
import {
  callable,
  checkedName,
  checkedObject,
  checkNames,
  invalid,
  type OptionNames
} from '../client/option-checks'
import type { ClientOptions } from '../client/options'
import { defaultRetryPolicy } from '../client/retry'
import { Accumulator } from './accumulator'
import { Admission } from './admission'
import type { Batch } from './batch'
import { type CloseReport, Closing } from './closing'
import { DRAIN_SHARE } from './drain-streams'
import { DryRun } from './dry-run'
import { SinkEmitter, type SinkEvents, type SinkListener, sinkEvents } from './events'
import { Health } from './health'
import type { ServiceTime } from './log-time'
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
import { Sender } from './sender'
import { type SinkStatus, statusOf } from './status'
import { StoreAndForward } from './store-and-forward'
import { Throughput } from './throughput'
import { asSlsError, WriteError } from './write-error'
import { type Receipt, WriteLedger, type WriteObserver } from './write-ledger'

/** Of the buffer: while less is in use, batches that wait keep some memory that they do not fill, which saves a copy. */
const UNTRIMMED_SHARE = 1 / 8

const writeParts: OptionNames<SinkWrite> = {
  logs: true,
  logstore: true,
  topic: true,
  source: true,
  tags: true,
  hashKey: true
}

/** Milliseconds that `close` tries for when it is not told. */
const CLOSE_DEADLINE = 10_000

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
  readonly #accepted: Throughput
  #dropped = 0
  #water: 'calm' | 'rising' = 'calm'
  #closing: Promise<CloseReport> | undefined
  #phase: 'open' | 'closed' = 'open'

  /** @throws SlsError `InvalidOption`; its `field` names the option. */
  constructor(options: SinkOptions) {
    const { client: chosen } = checkedObject('options', options)
    this.#ownClient = isPutClient(chosen) ? undefined : new SlsClient(chosen)
    const given: PutClient = this.#ownClient ?? (chosen as PutClient)
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
    this.#accepted = new Throughput(settings.clock.now())
    this.#spool = settings.spool === undefined ? undefined : this.#openSpool(settings.spool)
    this.#sender = new Sender({
      client,
      settings,
      health: this.#health,
      isFilling: () => this.#budget.used > this.#budget.limit * UNTRIMMED_SHARE,
      onAccepted: (logs, bytes) => this.#accepted.add(logs, bytes, settings.clock.now()),
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
   *   the logstore, the hash key, a part that a write has not, and what is no write at all.
   */
  write(write: SinkWrite | readonly LogInput[]): Promise<Receipt> {
    return new Promise((accepted, failed) => {
      const complete = completed(write)
      for (const name in complete) if (!(name in writeParts)) checkNames(complete, writeParts, 'write')
      this.submit(complete, { accepted, failed })
    })
  }

  /**
   * As `write`, without a promise and without a look for parts that a write has not: for so many small writes that
   * these would be felt.
   * @throws SlsError `InvalidOption` only where the observer is none
   */
  submit(write: SinkWrite, observer: WriteObserver): void {
    if (typeof observer?.accepted !== 'function' || typeof observer.failed !== 'function')
      throw invalid('observer', 'observer must be an object with the functions accepted and failed')
    try {
      this.#accept(checkedObject('write', write), observer)
    } catch (error) {
      observer.failed(asSlsError(error))
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
   * @throws SlsError `InvalidOption` where the deadline is no number
   */
  close(deadline: number = CLOSE_DEADLINE): Promise<CloseReport> {
    if (typeof deadline !== 'number' || Number.isNaN(deadline))
      return Promise.reject(invalid('deadline', 'deadline must be a number of milliseconds'))
    this.#closing ??= new Closing({
      clock: this.#settings.clock,
      ledger: this.#ledger,
      admission: this.#admission,
      accumulator: this.#accumulator,
      sender: this.#sender,
      spool: this.#spool,
      flush: () => this.flush(),
      onSettled: () => {
        this.#ownClient?.close()
        this.#phase = 'closed'
      }
    }).run(deadline)
    return this.#closing
  }

  /** @throws SlsError `InvalidOption` for an event that there is not */
  on<Name extends keyof SinkEvents>(name: Name, listener: SinkListener<Name>): this {
    this.#emitter.on(checkedName('event', name, sinkEvents), callable('listener', listener))
    return this
  }

  off<Name extends keyof SinkEvents>(name: Name, listener: SinkListener<Name>): this {
    this.#emitter.off(name, listener)
    return this
  }

  status(): SinkStatus {
    return statusOf({
      now: this.#settings.clock.now(),
      phase: this.#phase,
      settings: this.#settings,
      ledger: this.#ledger,
      budget: this.#budget,
      admission: this.#admission,
      accumulator: this.#accumulator,
      sender: this.#sender,
      spool: this.#spool,
      health: this.#health,
      accepted: this.#accepted,
      dropped: this.#dropped,
      dryRun: this.#dryRun
    })
  }

  #accept(write: SinkWrite, observer: WriteObserver): void {
    const { logs } = write
    if (this.#closing !== undefined) {
      throw new WriteError('Closed', 'The sink is closed', { logs: countOf(logs), acceptedLogs: 0 })
    }
    const place = this.#places.placeOf(write)
    const refusing = this.#settings.timeRepair === 'reject' ? serviceTime(this.#client) : undefined
    if (refusing !== undefined || !this.#admitUnchecked(place, logs, observer))
      this.#admitChecked(place, logs, observer, refusing)
    if (this.#water === 'rising') this.#relieve()
  }

  /** Most writes need not be looked at before they are encoded. False where one must be. */
  #admitUnchecked(place: Place, logs: readonly LogInput[], observer: WriteObserver): boolean {
    if (!Array.isArray(logs) || logs.length === 0) return false
    const ticket = this.#ledger.draft(logs.length, place.frame.logstore, observer)
    if (!this.#admission.admitUnchecked(place, logs, ticket)) return false
    this.#ledger.enter(ticket)
    return true
  }

  #admitChecked(
    place: Place,
    logs: readonly LogInput[],
    observer: WriteObserver,
    refusing: ServiceTime | undefined
  ): void {
    const sizes = checkLogs(logs, place, refusing)
    const ticket = this.#ledger.open(logs.length, place.frame.logstore, observer)
    if (logs.length === 0) return
    const { frameBound: frameBytes } = place
    this.#admission.submit({ place, logs, sizes, frameBytes, measured: false, next: 0, ticket })
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

  #tellWater(name: 'highWater' | 'lowWater'): void {
    this.#water = name === 'highWater' ? 'rising' : 'calm'
    this.#emitter.emit(name, { used: this.#budget.used, limit: this.#budget.limit })
  }

  /** The buffer is filling: what is in it leaves at once, even in small batches. */
  #relieve(): void {
    this.#water = 'calm'
    this.#accumulator.sealAll()
  }
}

function isPutClient(client: PutClient | ClientOptions): client is PutClient {
  return 'putLogs' in checkedObject('client', client)
}

function countOf(logs: unknown): number {
  return Array.isArray(logs) ? logs.length : 0
}

function completed(write: SinkWrite | readonly LogInput[]): SinkWrite {
  return isLogs(write) ? { logs: write } : checkedObject('write', write)
}

function isLogs(write: SinkWrite | readonly LogInput[]): write is readonly LogInput[] {
  return Array.isArray(write)
}
