import { LogGroupEncoder, type LogInput } from '../client/codec/log-group-encoder'
import type { SlsError } from '../client/errors'
import type { CompressionName } from '../client/model'
import type { StoredRecord } from '../state/spool/spool-reader'
import { type BatchFrame, batchKey } from './batch-key'
import { SERVICE_LIMITS, type SinkSettings } from './options'
import { PartialShare, Piece, type Settlement, type Share } from './piece'
import type { WriteTicket } from './write-ledger'

/** What a batch and each write in it are reckoned to take in memory besides the encoded bytes. */
export const BATCH_OVERHEAD = 1024
export const SHARE_OVERHEAD = 512

const INITIAL_CAPACITY = 1024

/** How many logs and encoded bytes a batch may have. */
export type BatchBounds = Pick<SinkSettings, 'maxLines' | 'maxBytes'>

/** Whether a batch of so many logs and encoded bytes takes no more. */
export function isFull(logs: number, bytes: number, { maxLines, maxBytes }: BatchBounds): boolean {
  return logs >= maxLines || bytes >= maxBytes
}

/**
 * open: takes logs; blocked: sealed, a batch before it must be settled first; held: waits for the disk; spooling: on
 * its way to disk; queued: may be sent; sending: a call is on the wire; delayed: waits to be tried again; settled: every
 * log in it is accepted, on disk, or has failed.
 */
export type BatchState =
  | 'open'
  | 'blocked'
  | 'held'
  | 'spooling'
  | 'queued'
  | 'sending'
  | 'delayed'
  | 'settled'

/** Logs of one frame from the first append until all of them are settled. */
export class Batch {
  state: BatchState = 'open'
  /** What is left to be sent, the next one last. */
  readonly pieces: Piece[] = []
  /** Requests of it that the service refused for good: bounds the search for the log that is wrong. */
  refusals = 0
  /** Batches that must be settled before this one may be sent, and those that wait for this one. */
  readonly predecessors = new Set<Batch>()
  readonly successors = new Set<Batch>()
  /** Order keys whose latest logs are in here. */
  readonly orderKeys = new Set<string>()
  cancelDelay: (() => void) | undefined
  #encoder: LogGroupEncoder | undefined
  /** The record that it was read from, where it comes from disk. */
  stored: StoredRecord | undefined
  readonly #shares: Share[] = []
  #logs = 0
  #bytes: number
  #first = Number.POSITIVE_INFINITY
  #last = Number.NEGATIVE_INFINITY

  constructor(
    readonly frame: BatchFrame,
    readonly key: string,
    /** By the sink's clock. */
    readonly openedAt: number
  ) {
    this.#encoder = new LogGroupEncoder(frame, INITIAL_CAPACITY)
    this.#bytes = this.#encoder.byteLength
  }

  /** A batch read from disk: its one share is settled by `settlement`. */
  static ofStored(stored: StoredRecord, settlement: Settlement, openedAt: number): Batch {
    const { logstore, hashKey, logs, rawSize, compression, firstLog, lastLog } = stored.head
    const span = { first: firstLog, last: lastLog }
    const frame: BatchFrame = { logstore, topic: '', source: '', tags: [], hashKey }
    const batch = new Batch(frame, batchKey(frame), openedAt)
    const share = new PartialShare(settlement, logs, rawSize)
    batch.stored = stored
    batch.#encoder = undefined
    batch.#shares.push(share)
    batch.#logs = logs
    batch.#bytes = stored.body.length
    batch.pieces.push(Piece.ofBody(stored.body, rawSize, [share], compression, span))
    batch.state = 'blocked'
    return batch
  }

  get logs(): number {
    return this.#logs
  }

  /** Exact encoded bytes of the whole batch. */
  get bytes(): number {
    return this.#bytes
  }

  get writes(): number {
    return this.#shares.length
  }

  /** Logs that are not settled. */
  get pendingLogs(): number {
    return this.#encoder === undefined ? this.pieces.reduce((sum, piece) => sum + piece.logs, 0) : this.#logs
  }

  /** Their encoded bytes, topic, source and tags included. */
  get pendingBytes(): number {
    return this.#encoder === undefined
      ? this.pieces.reduce((sum, piece) => sum + piece.rawSize, 0)
      : this.#bytes
  }

  /** What it takes of the buffer. */
  get charge(): number {
    return BATCH_OVERHEAD + this.#bytes + this.#shares.length * SHARE_OVERHEAD
  }

  /** True when the last log added belongs to the write. */
  endsWith(ticket: WriteTicket): boolean {
    return this.#shares.at(-1)?.ticket === ticket
  }

  isFull(bounds: BatchBounds): boolean {
    return isFull(this.#logs, this.#bytes, bounds)
  }

  /**
   * Adds the logs `from` to `to` (not included) of a write, as many as it has room for.
   * @param bounds what it has room for; a first log may have more bytes, up to what a request may
   * @returns the number of the first log that was not added
   * @throws SlsError `InvalidLog`; none is added
   */
  append(
    logs: readonly LogInput[],
    from: number,
    to: number,
    ticket: WriteTicket,
    bounds: BatchBounds
  ): number {
    const encoder = this.#encoder
    if (encoder === undefined) return from
    const most = Math.min(to, from + bounds.maxLines - this.#logs)
    let next = from
    let first = this.#first
    let last = this.#last
    try {
      while (next < most) {
        const log = logs[next] as LogInput
        const limit = encoder.logCount === 0 ? SERVICE_LIMITS.bytes : bounds.maxBytes
        if (encoder.append(log, limit) === 0) break
        if (log.time < first) first = log.time
        if (log.time > last) last = log.time
        next++
      }
    } catch (error) {
      encoder.cutBack(this.#bytes, this.#logs)
      throw error
    }
    this.#first = first
    this.#last = last
    if (next > from) this.#share(ticket, next - from, encoder.byteLength - this.#bytes)
    return next
  }

  /** Takes out again what was added last, if it is of the write; the span of its times may stay wider. */
  takeBack(ticket: WriteTicket): void {
    const last = this.#shares.at(-1)
    if (last?.ticket !== ticket) return
    this.#shares.pop()
    this.#logs -= last.logs
    this.#bytes -= last.bytes
    this.#encoder?.cutBack(this.#bytes, this.#logs)
  }

  /** It is not needed after all: nobody waits for what is in it. */
  discard(): void {
    this.#encoder?.release()
    this.#encoder = undefined
  }

  #share(ticket: WriteTicket, logs: number, bytes: number): void {
    this.#logs += logs
    this.#bytes += bytes
    if (logs === ticket.logs) {
      ticket.bytes = bytes
      this.#shares.push(ticket)
      return
    }
    const last = this.#shares.at(-1)
    if (last instanceof PartialShare && last.ticket === ticket) {
      last.logs += logs
      last.bytes += bytes
    } else {
      this.#shares.push(new PartialShare(ticket, logs, bytes))
    }
  }

  /** No further logs; what it holds becomes the body of a request. */
  seal(compression: CompressionName): void {
    const encoder = this.#encoder
    if (encoder === undefined) return
    this.#encoder = undefined
    const span = { first: this.#first, last: this.#last }
    this.pieces.push(Piece.ofEncoder(encoder, this.#shares, compression, span))
    this.state = 'blocked'
  }

  /** Every log in it that is not settled fails. */
  fail(error: SlsError): void {
    for (const piece of this.pieces.splice(0)) {
      for (const share of piece.shares) share.ticket.fail(share.logs, error)
    }
  }
}
