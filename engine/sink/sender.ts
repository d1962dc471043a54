import { setMaxListeners } from 'node:events'
import type { SlsError } from '../client/errors'
import { backoffDelay } from '../client/retry'
import type { Batch } from './batch'
import { FairQueue } from './fair-queue'
import type { Health } from './health'
import type { PutClient, SinkSettings } from './options'
import type { Piece } from './piece'
import { PutRequests } from './put-requests'
import { type Call, RateControl, type Slowdown } from './rate-control'
import { judge, judgeStored, type Verdict } from './refusal'
import { isIdle, SealedBatches } from './sealed-batches'
import { POSTPONED, type SenderSpool } from './sender-spool'
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
  health: Health
  /** Whether the buffer holds so much that memory reserved in vain counts. */
  isFilling: () => boolean
  onAccepted: (logs: number, bytes: number) => void
  /** Every log of the batch is accepted, on disk, or has failed. */
  onSettled: (batch: Batch) => void
  /** Only where there is a spool. */
  spool: SenderSpool | undefined
}

/** Rounds of calls without an answer after which the service counts as out of reach. */
const OUT_OF_REACH = 3

/** Sends sealed batches, each until all of its logs are accepted or have failed. */
export class Sender {
  readonly batches = new SealedBatches()
  readonly requests: PutRequests
  retries = 0
  #inFlight = 0
  readonly #queue = new FairQueue()
  readonly #rates: RateControl
  #abort = new AbortController()
  #closed = false
  /** No answer came to the last call that ended. */
  #unanswered = false
  #cancelWake: (() => void) | undefined

  constructor(private readonly parts: SenderParts) {
    this.requests = new PutRequests(parts.client, parts.settings)
    this.#rates = new RateControl(parts.settings)
    setMaxListeners(0, this.#abort.signal)
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** No answer came to the last calls, nor to those they repeated. */
  get isOutOfReach(): boolean {
    return this.#unanswered && this.#rates.projectFailures >= OUT_OF_REACH
  }

  slowdowns(): Slowdown[] {
    return this.#rates.slowdowns(this.parts.settings.clock.now())
  }

  submit(batch: Batch): void {
    this.batches.add(batch)
    if (batch.predecessors.size === 0) this.unblock(batch)
    else if (batch.stored === undefined) this.parts.spool?.follow(batch)
    if (batch.state !== 'sending') batch.pieces.at(-1)?.trim(this.parts.isFilling())
  }

  /** The batch waits for no other any more. */
  unblock(batch: Batch): void {
    if (batch.stored === undefined && this.parts.spool?.divert(batch) === true) return
    this.enqueue(batch)
  }

  /** The batch is sent when its turn comes, whatever the spool says. */
  enqueue(batch: Batch): void {
    this.batches.turn(batch, 'queued')
    this.#queue.push(batch)
    this.#pump()
  }

  /** Takes a batch out of the queue, to be settled or queued again later. */
  withdraw(batch: Batch, state: 'held' | 'spooling'): void {
    this.batches.turn(batch, state)
    batch.cancelDelay?.()
    batch.cancelDelay = undefined
    this.batches.recovered(batch)
    this.#queue.prune(batch)
  }

  /** What is left of the batch is on disk. */
  spooled(batch: Batch): void {
    for (const piece of batch.pieces.splice(0))
      for (const { ticket, logs, bytes } of piece.shares) ticket.spool(logs, bytes)
    this.#settle(batch)
  }

  /** Forgets a batch from disk, where it stays. */
  release(batch: Batch): void {
    this.batches.remove(batch)
    this.#queue.prune(batch)
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
    this.#queue.prune(batch)
  }

  /** Gives up everything; calls on the wire are aborted, and what comes of them is not waited for. */
  abandon(error: SlsError): void {
    this.#closed = true
    this.#abort.abort()
    this.#cancelWake?.()
    this.#queue.clear()
    for (const batch of [...this.batches]) {
      if (batch.stored === undefined) this.giveUp(batch, error)
      else this.release(batch)
    }
  }

  #settle(batch: Batch): void {
    this.batches.remove(batch)
    this.parts.onSettled(batch)
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
    if (wait > 0) return this.batches.size === 0 ? Number.POSITIVE_INFINITY : wait
    return this.#queue.take({
      logstore: (logstore) => this.#rates.logstoreWait(logstore, now),
      route: (frame) => this.#rates.routeWait(frame, now)
    })
  }

  #start(batch: Batch, now: number): void {
    const piece = batch.pieces.at(-1)
    if (piece === undefined) return
    this.batches.turn(batch, 'sending')
    this.#inFlight++
    this.#queue.sent(batch, piece.rawSize)
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
    const answer = await this.requests.put(batch.frame, piece, signal)
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
    this.batches.recovered(batch)
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
    this.parts.health.failed({ error, logstore, logs: piece.logs }, now)
  }

  /** What waits behind a failure that will not pass in time, and is as old, is not kept to fail one by one. */
  #giveUpAged(failed: Batch, error: SlsError, now: number): void {
    const { maxRetryAge } = this.parts.settings
    if (maxRetryAge === 0 || error.retryability === 'never') return
    for (const batch of [...this.batches]) {
      const concerned = error.status === undefined || batch.frame.logstore === failed.frame.logstore
      if (!concerned || !isIdle(batch) || now - batch.openedAt < maxRetryAge) continue
      const { logstore } = batch.frame
      this.parts.health.failed({ error, logstore, logs: batch.pendingLogs }, now)
      this.giveUp(batch, error)
    }
  }

  #willRetry(batch: Batch, piece: Piece, error: SlsError, now: number, delay: number): void {
    const { logstore, hashKey } = batch.frame
    this.retries++
    this.batches.failed(batch)
    const { attempts: attempt, logs } = piece
    this.parts.health.willRetry({ error, logstore, hashKey, attempt, delay, logs }, now)
  }

  /** On to the next piece of the batch, before any later batch. */
  #goOn(batch: Batch): void {
    if (batch.pieces.length === 0) {
      this.#settle(batch)
      return
    }
    this.batches.turn(batch, 'queued')
    this.#queue.pushFront(batch)
  }

  #pause(batch: Batch, delay: number): void {
    this.batches.turn(batch, 'delayed')
    batch.cancelDelay = this.parts.settings.clock.after(delay, () => {
      batch.cancelDelay = undefined
      this.batches.turn(batch, 'queued')
      this.#queue.pushFront(batch)
      this.#pump()
    })
  }
}
