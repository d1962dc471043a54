import { setMaxListeners } from 'node:events'
import type { SlsError } from '../client/errors'
import { backoffDelay } from '../client/retry'
import type { Batch } from './batch'
import { DispatchQueue } from './dispatch-queue'
import type { SinkEmitter } from './events'
import type { Health } from './health'
import { LatencyHistogram } from './latency-histogram'
import { type PutClient, type SinkSettings, serviceTime } from './options'
import type { Piece } from './piece'
import { type Call, RateControl, type Slowdown } from './rate-control'
import { judge, type Verdict } from './refusal'
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
  /** Every log of the batch is accepted or has failed. */
  onSettled: (batch: Batch) => void
}

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
  readonly #rates: RateControl
  readonly #abort = new AbortController()
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

  get batches(): ReadonlySet<Batch> {
    return this.#batches
  }

  slowdowns(): Slowdown[] {
    return this.#rates.slowdowns(this.parts.settings.clock.now())
  }

  submit(batch: Batch): void {
    this.#batches.add(batch)
    if (batch.predecessors.size === 0) this.unblock(batch)
    if (batch.state !== 'sending') batch.pieces.at(-1)?.trim()
  }

  /** The batch waits for no other any more. */
  unblock(batch: Batch): void {
    batch.state = 'queued'
    this.#queue.push(batch)
    this.#pump()
  }

  /** The oldest batch that no call is out for. */
  oldestIdle(): Batch | undefined {
    for (const batch of this.#batches) if (batch.state !== 'sending') return batch
    return undefined
  }

  /** What is left of the batch fails. */
  giveUp(batch: Batch, error: SlsError): void {
    batch.fail(error)
    this.#settle(batch)
    this.#queue.prune(batch.frame)
  }

  /** Gives up everything; calls on the wire are aborted, and what comes of them is not waited for. */
  abandon(error: SlsError): void {
    this.#abort.abort()
    this.#cancelWake?.()
    this.#queue.clear()
    for (const batch of [...this.#batches]) this.giveUp(batch, error)
  }

  #settle(batch: Batch): void {
    if (batch.state === 'sending') this.#sendingCharge -= batch.charge
    batch.state = 'settled'
    batch.cancelDelay?.()
    this.#batches.delete(batch)
    this.#failing.delete(batch)
    this.parts.onSettled(batch)
  }

  #pump(): void {
    this.#cancelWake?.()
    this.#cancelWake = undefined
    if (this.#abort.signal.aborted) return
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
    return this.#queue.take({
      logstore: (logstore) => this.#rates.logstoreWait(logstore, now),
      route: (frame) => this.#rates.routeWait(frame, now)
    })
  }

  #start(batch: Batch, now: number): void {
    const piece = batch.pieces.at(-1)
    if (piece === undefined) return
    batch.state = 'sending'
    this.#sendingCharge += batch.charge
    this.#inFlight++
    this.#attempt(batch, piece, this.#rates.begin(batch.frame, piece.rawSize, now)).catch(
      (error: unknown) => {
        if (batch.state !== 'settled') this.giveUp(batch, asSlsError(error))
      }
    )
  }

  async #attempt(batch: Batch, piece: Piece, call: Call): Promise<void> {
    const answer = await this.#put(batch, piece)
    const now = this.parts.settings.clock.now()
    const verdict = answer.error === undefined ? undefined : this.#judge(answer.error, batch, piece)
    const halves = await this.#split(piece, verdict)
    this.#inFlight--
    if (batch.state === 'settled') {
      this.#rates.abandoned(call)
      return
    }
    if (answer.error === undefined) this.#accepted(batch, piece, call, answer.requestId, now)
    else this.#refused(batch, piece, call, answer.error, halves ?? verdict, now)
    this.#pump()
  }

  async #put(batch: Batch, piece: Piece): Promise<Answer> {
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
        this.#abort.signal
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
    return judge(error, { piece, age, refusals: batch.refusals }, settings)
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
    if (next === 'retryLater') {
      piece.ordinaryRetries++
      const delay = backoffDelay(this.parts.settings.retry, piece.ordinaryRetries, this.parts.settings.random)
      this.#willRetry(batch, piece, error, now, delay)
      this.#pause(batch, delay)
      return
    }
    batch.pieces.pop()
    if (Array.isArray(next)) batch.pieces.push(next[1], next[0])
    else this.#failed(batch, piece, error, now)
    this.#goOn(batch)
    if (next === 'fail') this.#giveUpAged(batch, error, now)
  }

  #failed(batch: Batch, piece: Piece, error: SlsError, now: number): void {
    const { logstore } = batch.frame
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
      if (!concerned || batch.state === 'sending' || now - batch.openedAt < maxRetryAge) continue
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
    this.#queue.pushFront(batch)
  }

  #pause(batch: Batch, delay: number): void {
    this.#sendingCharge -= batch.charge
    batch.state = 'delayed'
    batch.cancelDelay = this.parts.settings.clock.after(delay, () => {
      batch.cancelDelay = undefined
      batch.state = 'queued'
      this.#queue.pushFront(batch)
      this.#pump()
    })
  }
}
