import { cutBlock, type LogGroupView, type RecordBlock } from '../client/codec/log-group-list'
import { encodeCursor } from '../client/cursor'
import type { SlsError } from '../client/errors'
import type { Content, Log } from '../client/model'
import type { Refusal, SourceBatch, SourceGroup } from './batch'
import type { Piece } from './fetch-pieces'
import type { LedgerEntry } from './ledger'

/** The fetch that is delivered, and is told what the flow says of it. */
export interface DeliveredFetch {
  readonly owner: { readonly project: string; readonly logstore: string; readonly shard: number }
  readonly entry: LedgerEntry
  readonly rawSize: number
  readonly receiveTime: number | undefined
  readonly isReplay: boolean
  view(group: number): LogGroupView | undefined
  cursorOf(group: number): string
  /** Number of the group's first log among those of its cursor. */
  firstIndexOf(group: number): number
  ackPieces(pieces: readonly Piece[]): void
  refuse(delivery: number, error: unknown): Refusal
  refusePiece(delivery: number, piece: Piece, error: unknown, log: number | undefined): Refusal
}

/** One delivery of a fetch to the flow. */
export class DeliveredBatch implements SourceBatch {
  readonly project: string
  readonly logstore: string
  readonly shard: number
  readonly cursor: string
  readonly nextCursor: string
  readonly receiveTime: number | undefined
  readonly rawSize: number
  readonly isReplay: boolean
  readonly groups: readonly SourceGroup[]
  readonly logCount: number
  readonly delivery: number
  onOverdue: ((error: SlsError) => void) | undefined
  readonly #fetched: DeliveredFetch
  readonly #pieces: readonly Piece[]

  constructor(fetched: DeliveredFetch, delivery: number, pieces: readonly Piece[]) {
    const { owner, entry } = fetched
    this.project = owner.project
    this.logstore = owner.logstore
    this.shard = owner.shard
    this.cursor = encodeCursor(entry.from)
    this.nextCursor = encodeCursor(entry.to)
    this.receiveTime = fetched.receiveTime
    this.rawSize = fetched.rawSize
    this.isReplay = fetched.isReplay
    this.delivery = delivery
    this.#fetched = fetched
    this.#pieces = pieces
    this.groups = pieces.flatMap((piece) => {
      const view = fetched.view(piece.group)
      return view === undefined ? [] : [new DeliveredGroup(fetched, piece, view, delivery)]
    })
    this.logCount = this.groups.reduce((sum, group) => sum + group.logCount, 0)
  }

  get logs(): Log[] {
    return this.groups.flatMap((group) => group.logs())
  }

  ack(groups: number = this.groups.length): void {
    this.#fetched.ackPieces(this.#pieces.slice(0, groups > 0 ? Math.floor(groups) : 0))
  }

  nack(error?: unknown): Refusal {
    return this.#fetched.refuse(this.delivery, error)
  }
}

class DeliveredGroup implements SourceGroup {
  readonly #fetched: DeliveredFetch
  readonly #piece: Piece
  readonly #view: LogGroupView
  readonly #delivery: number

  constructor(fetched: DeliveredFetch, piece: Piece, view: LogGroupView, delivery: number) {
    this.#fetched = fetched
    this.#piece = piece
    this.#view = view
    this.#delivery = delivery
  }

  get cursor(): string {
    return this.#fetched.cursorOf(this.#piece.group)
  }

  get nextCursor(): string {
    const { first, to, count } = this.#fetched.entry
    const { group } = this.#piece
    return encodeCursor(first === undefined || group === count - 1 ? to : first + BigInt(group) + 1n)
  }

  get firstIndex(): number {
    return this.#fetched.firstIndexOf(this.#piece.group) + this.#piece.from
  }

  get topic(): string {
    return this.#view.topic
  }

  get source(): string {
    return this.#view.source
  }

  get tags(): readonly Content[] {
    return this.#view.tags
  }

  get logCount(): number {
    return this.#piece.to - this.#piece.from
  }

  get byteLength(): number {
    return this.#view.byteLength
  }

  get encoded(): Buffer {
    return this.#view.encoded
  }

  logs(): Log[] {
    const logs = this.#view.logs()
    return this.#isWhole ? logs : logs.slice(this.#piece.from, this.#piece.to)
  }

  records(): RecordBlock {
    const block = this.#view.records()
    if (this.#isWhole) return block
    const { from, to } = this.#piece
    return {
      records: block.records.slice(from, to),
      times: block.times.slice(from, to),
      timesNs: block.timesNs.slice(from, to)
    }
  }

  recordBlocks(size: number): Iterable<RecordBlock> {
    return this.#isWhole ? this.#view.recordBlocks(size) : cutBlock(this.records(), size)
  }

  ack(): void {
    this.#fetched.ackPieces([this.#piece])
  }

  nack(error?: unknown, log?: number): Refusal {
    return this.#fetched.refusePiece(this.#delivery, this.#piece, error, log)
  }

  get #isWhole(): boolean {
    return this.#piece.from === 0 && this.#piece.to === this.#view.logCount
  }
}
