import { setMaxListeners } from 'node:events'
import type { SlsError } from '../client/errors'
import { backoffDelay } from '../client/retry'
import type { Batch } from './batch'
import { DispatchQueue, type Waits } from './dispatch-queue'
import type { SinkEmitter } from './events'
import type { Health } from './health'
import { LatencyHistogram } from './latency-histogram'
import { type PutClient, type SinkSettings, serviceTime } from './options'
import type { Piece } from './piece'
import { type Call, RateControl, type Slowdown } from './rate-control'
import { judge, judgeStored, type Verdict } from './refusal'
import { asSlsError } from './write-error'

export interface SenderParts {
  client: PutClient
  settings: Pick<
    SinkSettings,
    | 'clock'
    | 'concurrency'
    | 'adaptiveConcurrency'
    | 'compression'
    | 'timeRepair'
    | 'retry'
    | 'maxRetryAge'
    | 'random'
  >
  emitter: SinkEmitter
  health: Health
  onAccepted: (logs: number, bytes: number) => void
  /** Every log of the batch is accepted, on disk, or has failed. */
  onSettled: (batch: Batch) => void
  /** Only where there is a spool. */
  spool: SenderSpool | undefined
}

/** What the sender needs of the disk. */
export interface SenderSpool {
  /** A batch of writes is ready to be sent: true where it goes to disk instead. */
  divert(batch: Batch): boolean
  /** A batch that must wait for others may go to disk behind them, where they are on their way there. */
  follow(batch: Batch): void
  /** No call came through for a while, or one was interrupted: true where the batch goes to disk now. */
  rescue(batch: Batch): boolean
  /** A call failed that will be repeated. */
  onTrouble(): void
  /** A batch from disk cannot be sent for a long time. */
  onPostponed(batch: Batch): void
  /** The service refused a piece of a batch from disk for good. */
  onRejected(batch: Batch, piece: Piece, error: SlsError): void
}

/** Milliseconds for which a batch that is postponed stays on disk. */
export const POSTPONED = 30_000
/** Rounds of calls without an answer after which the service counts as out of reach. */
const OUT_OF_REACH = 3
/** Bytes by which logs from disk may get ahead of others, or behind, before it is made up for. */
const LARGEST_LEAD = 1024 * 1024

type Answer = { requestId: string; error?: undefined } | { error: SlsError }

/** Sends sealed batches, each until all of its logs are accepted or have failed. */
export class Sender {
  readonly latency = new LatencyHistogram()
  requests = 0
  retries = 0
  /** Logs whose time was repaired. */
  repairedTimes = 0
  #inFlight = 0
  /** Of batches with a call on the wire. */
  #sendingCharge = 0
  /** Sealed and not settled, the oldest first. */
  readonly #batches = new Set<Batch>()
  /** Of these, those whose last call failed. */
  readonly #failing = new Set<Batch>()
  readonly #queue = new DispatchQueue()
  /** Of batches from disk. */
  readonly #backlog = new DispatchQueue()
  /** Bytes from disk minus other bytes that were sent while both were waiting. */
  #backlogLead = 0
  readonly #rates: RateControl
  #abort = new AbortController()
  #closed = false
  /** No answer came to the last call that ended. */
  #unanswered = false
  #cancelWake: (() => void) | undefined

  constructor(private readonly parts: SenderParts) {
    this.#rates = new RateControl(parts.settings)
    setMaxListeners(0, this.#abort.signal)
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get sendingCharge(): number {
    return this.#sendingCharge
  }

  get isRetrying(): boolean {
    return this.#failing.size > 0
  }

  /** No answer came to the last calls, nor to those they repeated. */
  get isOutOfReach(): boolean {
    return this.#unanswered && this.#rates.projectFailures >= OUT_OF_REACH
  }

  get batches(): ReadonlySet<Batch> {
    return this.#batches
  }

  slowdowns(): Slowdown[] {
    return this.#rates.slowdowns(this.parts.settings.clock.now())
  }

  submit(batch: Batch): void {
    this.#batches.add(batch)
    if (batch.predecessors.size === 0) this.unblock(batch)
    else if (batch.stored === undefined) this.parts.spool?.follow(batch)
    if (batch.state !== 'sending') batch.pieces.at(-1)?.trim()
  }

  /** The batch waits for no other any more. */
  unblock(batch: Batch): void {
    if (batch.stored === undefined && this.parts.spool?.divert(batch) === true) return
    this.enqueue(batch)
  }

  /** The batch is sent when its turn comes, whatever the spool says. */
  enqueue(batch: Batch): void {
    batch.state = 'queued'
    this.#queueOf(batch).push(batch)
    this.#pump()
  }

  /** The oldest batch that is neither on the wire nor on its way to disk, nor from there. */
  oldestIdle(): Batch | undefined {
    for (const batch of this.#batches) if (isIdle(batch)) return batch
    return undefined
  }

  /** Batches that could go to disk now, the oldest first. */
  *spoolable(): Iterable<Batch> {
    for (const batch of this.#batches) if (isIdle(batch) && batch.predecessors.size === 0) yield batch
  }

  /** Takes a batch out of the queue, to be settled or queued again later. */
  withdraw(batch: Batch, state: 'held' | 'spooling'): void {
    if (batch.state === 'sending') this.#sendingCharge -= batch.charge
    batch.state = state
    batch.cancelDelay?.()
    batch.cancelDelay = undefined
    this.#failing.delete(batch)
    this.#queue.prune(batch.frame)
  }

  /** What is left of the batch is on disk. */
  spooled(batch: Batch): void {
    for (const piece of batch.pieces.splice(0))
      for (const { ticket, logs, bytes } of piece.shares) ticket.spool(logs, bytes)
    this.#settle(batch)
  }

  /** Forgets a batch from disk, where it stays. */
  release(batch: Batch): void {
    this.#remove(batch)
    this.#backlog.prune(batch.frame)
  }

  /** Aborts the calls on the wire: what they carried goes to disk, or is sent once more. */
  interrupt(): void {
    this.#abort.abort()
    this.#abort = new AbortController()
    setMaxListeners(0, this.#abort.signal)
  }

  /** What is left of the batch fails. */
  giveUp(batch: Batch, error: SlsError): void {
    batch.fail(error)
    this.#settle(batch)
    this.#queue.prune(batch.frame)
  }

  /** Gives up everything; calls on the wire are aborted, and what comes of them is not waited for. */
  abandon(error: SlsError): void {
    this.#closed = true
    this.#abort.abort()
    this.#cancelWake?.()
    this.#queue.clear()
    this.#backlog.clear()
    for (const batch of [...this.#batches]) {
      if (batch.stored === undefined) this.giveUp(batch, error)
      else this.release(batch)
    }
  }

  #settle(batch: Batch): void {
    this.#remove(batch)
    this.parts.onSettled(batch)
  }

  #remove(batch: Batch): void {
    if (batch.state === 'sending') this.#sendingCharge -= batch.charge
    batch.state = 'settled'
    batch.cancelDelay?.()
    this.#batches.delete(batch)
    this.#failing.delete(batch)
  }

  #pump(): void {
    this.#cancelWake?.()
    this.#cancelWake = undefined
    if (this.#closed) return
    const { clock, concurrency } = this.parts.settings
    while (this.#inFlight < concurrency) {
      const now = clock.now()
      const next = this.#next(now)
      if (typeof next !== 'number') this.#start(next, now)
      else {
        if (Number.isFinite(next)) this.#cancelWake = clock.after(next, () => this.#pump())
        return
      }
    }
  }

  /** The batch to send now, or the milliseconds until there may be one. */
  #next(now: number): Batch | number {
    const wait = this.#rates.projectWait(now)
    if (wait > 0) return this.#batches.size === 0 ? Number.POSITIVE_INFINITY : wait
    const waits: Waits = {
      logstore: (logstore) => this.#rates.logstoreWait(logstore, now),
      route: (frame) => this.#rates.routeWait(frame, now)
    }
    const preferred = this.#backlogLead < 0 ? this.#backlog : this.#queue
    const other = preferred === this.#queue ? this.#backlog : this.#queue
    const first = preferred.take(waits)
    if (typeof first !== 'number') return first
    const second = other.take(waits)
    return typeof second === 'number' ? Math.min(first, second) : second
  }

  #queueOf(batch: Batch): DispatchQueue {
    return batch.stored === undefined ? this.#queue : this.#backlog
  }

  #start(batch: Batch, now: number): void {
    const piece = batch.pieces.at(-1)
    if (piece === undefined) return
    batch.state = 'sending'
    this.#sendingCharge += batch.charge
    this.#inFlight++
    const lead = this.#backlogLead + (batch.stored === undefined ? -piece.rawSize : piece.rawSize)
    this.#backlogLead = Math.min(Math.max(lead, -LARGEST_LEAD), LARGEST_LEAD)
    this.#attempt(batch, piece, this.#rates.begin(batch.frame, piece.rawSize, now)).catch(
      (error: unknown) => {
        if (batch.state === 'settled') return
        if (batch.stored === undefined) this.giveUp(batch, asSlsError(error))
        else this.parts.spool?.onPostponed(batch)
      }
    )
  }

  async #attempt(batch: Batch, piece: Piece, call: Call): Promise<void> {
    const { signal } = this.#abort
    const answer = await this.#put(batch, piece, signal)
    const now = this.parts.settings.clock.now()
    const verdict = answer.error === undefined ? undefined : this.#judge(answer.error, batch, piece)
    const halves = await this.#split(piece, verdict)
    this.#inFlight--
    if (!signal.aborted) this.#unanswered = answer.error !== undefined && answer.error.status === undefined
    if (batch.state === 'settled') {
      this.#rates.abandoned(call)
      return
    }
    if (answer.error === undefined) this.#accepted(batch, piece, call, answer.requestId, now)
    else if (signal.aborted) this.#interrupted(batch, call)
    else this.#refused(batch, piece, call, answer.error, halves ?? verdict, now)
    if (answer.error !== undefined) this.parts.spool?.onTrouble()
    this.#pump()
  }

  async #put(batch: Batch, piece: Piece, signal: AbortSignal): Promise<Answer> {
    const { client, settings } = this.parts
    const { logstore, hashKey } = batch.frame
    try {
      this.repairedTimes += await piece.repairTimes(serviceTime(client), settings.timeRepair)
      const body = await piece.body()
      piece.attempts++
      this.requests++
      const startedAt = settings.clock.now()
      const { requestId } = await client.putLogs(
        { logstore, body, rawSize: piece.rawSize, compression: piece.compression, hashKey },
        signal
      )
      this.latency.add(settings.clock.now() - startedAt)
      return { requestId }
    } catch (thrown) {
      const error = asSlsError(thrown)
      error.attempts = Math.max(1, piece.attempts)
      return { error }
    }
  }

  #judge(error: SlsError, batch: Batch, piece: Piece): Verdict {
    if (error.retryability === 'never') batch.refusals++
    const { settings } = this.parts
    const age = settings.clock.now() - batch.openedAt
    const judged = { piece, age, refusals: batch.refusals }
    return batch.stored === undefined ? judge(error, judged, settings) : judgeStored(error, judged, settings)
  }

  /** The halves of a piece that is to be split; undefined when it is not, or cannot be. */
  async #split(piece: Piece, verdict: Verdict | undefined): Promise<[Piece, Piece] | undefined> {
    try {
      if (verdict === 'splitByLogs') return await piece.splitByLogs()
      return verdict === 'splitByWrites' ? await piece.splitByWrites() : undefined
    } catch {
      return undefined
    }
  }

  #accepted(batch: Batch, piece: Piece, call: Call, requestId: string, now: number): void {
    this.#rates.succeeded(call, now)
    this.#failing.delete(batch)
    this.parts.health.succeeded(batch.frame.logstore, now)
    batch.pieces.pop()
    for (const share of piece.shares) share.ticket.accept(share.logs, share.bytes, requestId, piece.attempts)
    this.parts.onAccepted(piece.logs, piece.rawSize)
    this.#goOn(batch)
  }

  #refused(
    batch: Batch,
    piece: Piece,
    call: Call,
    error: SlsError,
    next: Verdict | [Piece, Piece] | undefined,
    now: number
  ): void {
    if (next === 'retryAfterGate') {
      piece.transientRetries++
      const delay = this.#rates.failed(call, error, now)
      this.#willRetry(batch, piece, error, now, delay)
      this.#goOn(batch)
      return
    }
    if (error.retryability === 'transient') this.#rates.failed(call, error, now)
    else this.#rates.refused(call)
    if (next === 'retryAfterDisk') {
      this.#willRetry(batch, piece, error, now, POSTPONED)
      this.parts.spool?.onPostponed(batch)
      return
    }
    if (next === 'retryLater') {
      piece.ordinaryRetries++
      const delay = backoffDelay(this.parts.settings.retry, piece.ordinaryRetries, this.parts.settings.random)
      this.#willRetry(batch, piece, error, now, delay)
      this.#pause(batch, delay)
      return
    }
    if (next === 'fail' && error.retryability === 'transient' && this.parts.spool?.rescue(batch) === true)
      return
    batch.pieces.pop()
    if (Array.isArray(next)) batch.pieces.push(next[1], next[0])
    else this.#failed(batch, piece, error, now)
    this.#goOn(batch)
    if (next === 'fail') this.#giveUpAged(batch, error, now)
  }

  /** Nobody knows whether the logs were accepted. */
  #interrupted(batch: Batch, call: Call): void {
    this.#rates.abandoned(call)
    if (batch.stored === undefined && this.parts.spool?.rescue(batch) === true) return
    this.#goOn(batch)
  }

  #failed(batch: Batch, piece: Piece, error: SlsError, now: number): void {
    const { logstore } = batch.frame
    if (batch.stored !== undefined) this.parts.spool?.onRejected(batch, piece, error)
    for (const share of piece.shares) share.ticket.fail(share.logs, error)
    this.parts.health.failed(logstore, error, now)
    this.parts.emitter.emit('error', { error, logstore, logs: piece.logs })
  }

  /** What waits behind a failure that will not pass in time, and is as old, is not kept to fail one by one. */
  #giveUpAged(failed: Batch, error: SlsError, now: number): void {
    const { maxRetryAge } = this.parts.settings
    if (maxRetryAge === 0 || error.retryability === 'never') return
    for (const batch of [...this.#batches]) {
      const concerned = error.status === undefined || batch.frame.logstore === failed.frame.logstore
      if (!concerned || !isIdle(batch) || now - batch.openedAt < maxRetryAge) continue
      const { logstore } = batch.frame
      this.parts.emitter.emit('error', { error, logstore, logs: batch.pendingLogs })
      this.parts.health.failed(logstore, error, now)
      this.giveUp(batch, error)
    }
  }

  #willRetry(batch: Batch, piece: Piece, error: SlsError, now: number, delay: number): void {
    const { logstore, hashKey } = batch.frame
    this.retries++
    this.#failing.add(batch)
    this.parts.health.willRetry(logstore, error, now, delay)
    this.parts.emitter.emit('retry', {
      error,
      logstore,
      hashKey,
      attempt: piece.attempts,
      delay,
      logs: piece.logs
    })
  }

  /** On to the next piece of the batch, before any later batch. */
  #goOn(batch: Batch): void {
    if (batch.pieces.length === 0) {
      this.#settle(batch)
      return
    }
    this.#sendingCharge -= batch.charge
    batch.state = 'queued'
    this.#queueOf(batch).pushFront(batch)
  }

  #pause(batch: Batch, delay: number): void {
    this.#sendingCharge -= batch.charge
    batch.state = 'delayed'
    batch.cancelDelay = this.parts.settings.clock.after(delay, () => {
      batch.cancelDelay = undefined
      batch.state = 'queued'
      this.#queueOf(batch).pushFront(batch)
      this.#pump()
    })
  }
}

function isIdle({ state, stored }: Batch): boolean {
  return stored === undefined && state !== 'sending' && state !== 'spooling' && state !== 'settled'
}
