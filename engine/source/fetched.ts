import type { LogGroupView } from '../client/codec/log-group-list'
import { encodeCursor } from '../client/cursor'
import { SlsError } from '../client/errors'
import type { Refusal, SourceBatch } from './batch'
import { DeliveredBatch, type DeliveredFetch } from './delivered-batch'
import { FetchPieces, type Piece } from './fetch-pieces'
import type { Ledger, LedgerEntry } from './ledger'
import type { Reservation } from './memory-gate'

/** A log, or a group that cannot be decoded, which the flow could not be given in spite of all attempts. */
export interface Poison {
  readonly cursor: string
  /** Of the log among those of the same cursor; undefined where the group cannot be decoded. */
  readonly index: number | undefined
  readonly group: LogGroupView
  /** Of the log within the group. */
  readonly log: number | undefined
  readonly refusals: number
  readonly error: unknown
}

/** Who reads the shard of a fetch and is told what becomes of it. */
export interface FetchOwner {
  readonly project: string
  readonly logstore: string
  readonly shard: number
  /** How often something may be refused before it is looked at more closely, and given up in the end; -1: for ever. */
  readonly maxRedeliveries: number
  delivered(fetched: Fetched, batch: SourceBatch): void
  /** Something of the fetch was acknowledged. */
  acknowledged(fetched: Fetched): void
  /** It is to be delivered again, for the `times`th time. */
  refused(fetched: Fetched, error: unknown, times: number): void
  /** What was delivered last is done, and there is more of it. */
  continued(fetched: Fetched): void
  /** True where reading goes on behind it. */
  passes(poison: Poison): boolean
  /** How often the group at this position could not be decoded, this time included. */
  damaged(position: bigint): number
  /** False as long as something must be delivered before it. */
  mayDeliver(fetched: Fetched): boolean
}

export interface FetchContent {
  readonly ledger: Ledger
  readonly entry: LedgerEntry
  readonly groups: readonly LogGroupView[]
  readonly rawSize: number
  readonly receiveTime: number | undefined
  readonly isReplay: boolean
  readonly memory: Reservation
}

/** One fetch between the shard and its acknowledgement. */
export class Fetched implements DeliveredFetch {
  readonly owner: FetchOwner
  readonly entry: LedgerEntry
  readonly rawSize: number
  readonly receiveTime: number | undefined
  readonly isReplay: boolean
  readonly #ledger: Ledger
  readonly #views: readonly LogGroupView[]
  readonly #firstIndexes: readonly number[]
  readonly #pieces: FetchPieces
  readonly #memory: Reservation
  #delivered: readonly Piece[] = []
  /** Pieces that a delivery may hold while the one at fault is looked for. */
  #window: number | undefined
  #deliveries = 0
  /** Refusals of the whole since something was acknowledged. */
  #refusals = 0
  #refused: boolean = false
  #void: boolean = false

  constructor(owner: FetchOwner, content: FetchContent) {
    this.owner = owner
    this.entry = content.entry
    this.rawSize = content.rawSize
    this.receiveTime = content.receiveTime
    this.isReplay = content.isReplay
    this.#ledger = content.ledger
    this.#views = content.groups
    this.#firstIndexes = content.entry.first === undefined ? countedFrom(content.groups) : []
    this.#pieces = new FetchPieces(content.groups.map(({ logCount }) => logCount))
    this.#memory = content.memory
  }

  get deliveries(): number {
    return this.#deliveries
  }

  /** It was delivered and not refused since. */
  get isWithFlow(): boolean {
    return this.#deliveries > 0 && !this.#refused && this.#delivered.some(({ acked }) => !acked)
  }

  /** All of it is acknowledged, or nobody wants to know any more. */
  get settled(): boolean {
    return this.#void || this.#ledger.isAcked(this.entry)
  }

  /** It is delivered in parts, one after the other. */
  get isNarrowed(): boolean {
    return this.#window !== undefined
  }

  view(group: number): LogGroupView | undefined {
    return this.#views[group]
  }

  cursorOf(group: number): string {
    const { first, from } = this.entry
    return encodeCursor(first === undefined ? from : first + BigInt(group))
  }

  /** Number of the group's first log among those of its cursor. */
  firstIndexOf(group: number): number {
    return this.#firstIndexes[group] ?? 0
  }

  /** What is not acknowledged, for the flow. */
  deliver(): SourceBatch {
    this.#deliveries++
    this.#refused = false
    this.#memory.taken()
    this.#delivered = this.#open().slice(0, this.#window)
    const batch = new DeliveredBatch(this, this.#deliveries, this.#delivered)
    this.owner.delivered(this, batch)
    return batch
  }

  ackPieces(pieces: readonly Piece[]): void {
    if (this.settled || pieces.length === 0) return
    for (const piece of pieces) {
      if (!piece.acked && this.#pieces.ack(piece)) this.#ledger.ackOne(this.entry, piece.group)
    }
    if (this.settled) this.#memory.release()
    this.owner.acknowledged(this)
    if (!this.settled) this.#continue()
  }

  /** What of a delivery is not acknowledged is refused. A delivery that another has followed is not refused again. */
  refuse(delivery: number, error: unknown): Refusal {
    if (this.settled || this.#refused || delivery !== this.#deliveries) return 'again'
    const open = this.#delivered.filter(({ acked }) => !acked)
    if (open.length === 0) return 'again'
    const damaged = isDamage(error) ? open.find((piece) => !this.#isReadable(piece)) : undefined
    if (damaged !== undefined) return this.#refuseDamaged(damaged, error)
    this.#refusals++
    const { maxRedeliveries } = this.owner
    if (maxRedeliveries < 0 || this.#refusals <= maxRedeliveries) return this.#again(error, this.#refusals)
    const [only] = open
    if (open.length === 1 && only !== undefined && !this.#pieces.halve(only, maxRedeliveries)) {
      this.#refusals = 0
      return this.#giveUp(only, error, maxRedeliveries + 1)
    }
    const times = this.#refusals
    this.#window = Math.ceil(open.length / 2)
    this.#refusals = this.#isSingleLog() ? 0 : maxRedeliveries
    return this.#again(error, times)
  }

  /** One group, or only a log of it, is refused. */
  refusePiece(delivery: number, piece: Piece, error: unknown, log: number | undefined): Refusal {
    if (this.settled || piece.acked || delivery !== this.#deliveries) return 'again'
    if (isDamage(error) && !this.#isReadable(piece)) return this.#refuseDamaged(piece, error)
    const { maxRedeliveries } = this.owner
    if (log !== undefined) {
      const refusals = this.#pieces.refuseLog(piece, log)
      if (maxRedeliveries < 0 || refusals <= maxRedeliveries) return this.#again(error, refusals)
      return this.#passes(piece, piece.from + log, error, refusals)
    }
    piece.refusals++
    const { refusals } = piece
    if (maxRedeliveries < 0 || refusals <= maxRedeliveries) return this.#again(error, refusals)
    if (this.#pieces.halve(piece, maxRedeliveries)) return this.#again(error, refusals)
    return this.#giveUp(piece, error, refusals)
  }

  /** From now on acknowledgements mean nothing, and the memory is free. */
  discard(): void {
    this.#void = true
    this.#memory.release()
  }

  #open(): Piece[] {
    const open: Piece[] = []
    for (let group = 0; group < this.entry.count; group++) {
      if (this.#ledger.isAcked(this.entry, group)) continue
      for (const piece of this.#pieces.of(group)) if (!piece.acked) open.push(piece)
    }
    return open
  }

  #isSingleLog(): boolean {
    const [first] = this.#open()
    return this.#window === 1 && first !== undefined && first.to - first.from < 2
  }

  /** While the piece at fault is looked for, the next pieces follow as soon as these are done: twice as many. */
  #continue(): void {
    if (this.#window === undefined || this.#refused || this.#delivered.some(({ acked }) => !acked)) return
    this.#refusals = 0
    this.#window = this.#window * 2 < this.#open().length ? this.#window * 2 : undefined
    this.owner.continued(this)
  }

  #again(error: unknown, times: number): Refusal {
    if (this.#refused) return 'again'
    this.#refused = true
    this.owner.refused(this, error, times)
    return 'again'
  }

  #refuseDamaged(piece: Piece, error: unknown): Refusal {
    const { first, from } = this.entry
    const { maxRedeliveries } = this.owner
    const times = this.owner.damaged(first === undefined ? from : first + BigInt(piece.group))
    if (maxRedeliveries < 0 || times <= maxRedeliveries) return this.#again(error, times)
    const refusal = this.#passes(piece, undefined, error, times)
    if (refusal !== 'givenUp') return refusal
    this.ackPieces([piece])
    // What could not be decoded may have kept what is behind it from being delivered.
    if (!this.settled && this.#delivered.some(({ acked }) => !acked)) this.#again(undefined, 1)
    return 'givenUp'
  }

  #giveUp(piece: Piece, error: unknown, refusals: number): Refusal {
    const refusal = this.#passes(piece, piece.from, error, refusals)
    if (refusal === 'givenUp') this.ackPieces([piece])
    return refusal
  }

  #passes(piece: Piece, log: number | undefined, error: unknown, refusals: number): Refusal {
    const group = this.#views[piece.group]
    if (group === undefined) return 'again'
    const index = log === undefined ? undefined : this.firstIndexOf(piece.group) + log
    const cursor = this.cursorOf(piece.group)
    return this.owner.passes({ cursor, index, group, log, refusals, error }) ? 'givenUp' : 'stopped'
  }

  #isReadable({ group }: Piece): boolean {
    try {
      this.#views[group]?.logs()
      return true
    } catch {
      return false
    }
  }
}

function isDamage(error: unknown): boolean {
  return error instanceof SlsError && error.code === 'CorruptBody'
}

/** The number of each group's first log within the fetch. */
function countedFrom(views: readonly LogGroupView[]): number[] {
  let count = 0
  return views.map((view) => {
    const first = count
    count += view.logCount
    return first
  })
}
