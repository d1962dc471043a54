import type { LogGroupView } from '../client/codec/log-group-list'
import { encodeCursor } from '../client/cursor'
import type { Content, Log } from '../client/model'
import type { SourceBatch, SourceGroup } from './batch'
import type { Ledger, LedgerEntry } from './ledger'
import type { Reservation } from './memory-gate'

/** Who reads the shard of a fetch and is told what becomes of it. */
export interface FetchOwner {
  readonly project: string
  readonly logstore: string
  readonly shard: number
  delivered(fetched: Fetched, logs: number): void
  /** Something of the fetch was acknowledged. */
  acknowledged(fetched: Fetched): void
  refused(fetched: Fetched, error: unknown): void
  /** False as long as something must be delivered before it. */
  mayDeliver(fetched: Fetched): boolean
}

export interface FetchContent {
  readonly ledger: Ledger
  readonly entry: LedgerEntry
  readonly groups: readonly LogGroupView[]
  readonly rawSize: number
  readonly receiveTime: number | undefined
  readonly memory: Reservation
}

/** One fetch between the shard and its acknowledgement. */
export class Fetched {
  readonly owner: FetchOwner
  readonly entry: LedgerEntry
  readonly rawSize: number
  readonly receiveTime: number | undefined
  readonly #ledger: Ledger
  readonly #groups: readonly LogGroupView[]
  readonly #memory: Reservation
  #deliveries = 0
  #refused: boolean = false
  #void: boolean = false

  constructor(owner: FetchOwner, content: FetchContent) {
    this.owner = owner
    this.entry = content.entry
    this.rawSize = content.rawSize
    this.receiveTime = content.receiveTime
    this.#ledger = content.ledger
    this.#groups = content.groups
    this.#memory = content.memory
  }

  get deliveries(): number {
    return this.#deliveries
  }

  /** It was delivered and not refused since. */
  get isWithFlow(): boolean {
    return this.#deliveries > 0 && !this.#refused
  }

  /** All of it is acknowledged, or nobody wants to know any more. */
  get settled(): boolean {
    return this.#void || this.#ledger.isAcked(this.entry)
  }

  /** The groups that are not acknowledged, for the flow. */
  deliver(): SourceBatch {
    this.#deliveries++
    this.#refused = false
    const indexes = this.#groups
      .map((_, index) => index)
      .filter((index) => !this.#ledger.isAcked(this.entry, index))
    const batch = new DeliveredBatch(this, this.#deliveries, indexes, this.#groups)
    this.owner.delivered(this, batch.logCount)
    return batch
  }

  ackFirst(groups: number): void {
    if (this.settled) return
    this.#ledger.ackFirst(this.entry, groups)
    this.#acknowledged()
  }

  ackOne(index: number): void {
    if (this.settled) return
    this.#ledger.ackOne(this.entry, index)
    this.#acknowledged()
  }

  /** A delivery that another has followed, or that was refused before, is not refused again. */
  refuse(delivery: number, error: unknown): void {
    if (this.settled || this.#refused || delivery !== this.#deliveries) return
    this.#refused = true
    this.owner.refused(this, error)
  }

  /** From now on acknowledgements mean nothing, and the memory is free. */
  discard(): void {
    this.#void = true
    this.#memory.release()
  }

  #acknowledged(): void {
    if (this.settled) this.#memory.release()
    this.owner.acknowledged(this)
  }
}

class DeliveredBatch implements SourceBatch {
  readonly project: string
  readonly logstore: string
  readonly shard: number
  readonly cursor: string
  readonly nextCursor: string
  readonly receiveTime: number | undefined
  readonly rawSize: number
  readonly groups: readonly SourceGroup[]
  readonly logCount: number
  readonly delivery: number
  readonly #fetched: Fetched
  readonly #indexes: readonly number[]

  constructor(
    fetched: Fetched,
    delivery: number,
    indexes: readonly number[],
    views: readonly LogGroupView[]
  ) {
    const { owner, entry } = fetched
    this.project = owner.project
    this.logstore = owner.logstore
    this.shard = owner.shard
    this.cursor = encodeCursor(entry.from)
    this.nextCursor = encodeCursor(entry.to)
    this.receiveTime = fetched.receiveTime
    this.rawSize = fetched.rawSize
    this.delivery = delivery
    this.#fetched = fetched
    this.#indexes = indexes
    const firstIndexes = countedFrom(views)
    this.groups = indexes.flatMap((index) => {
      const view = views[index]
      return view === undefined ? [] : [new DeliveredGroup(fetched, index, view, firstIndexes[index] ?? 0)]
    })
    this.logCount = this.groups.reduce((sum, group) => sum + group.logCount, 0)
  }

  get logs(): Log[] {
    return this.groups.flatMap((group) => group.logs())
  }

  ack(groups: number = this.groups.length): void {
    const last = this.#indexes[Math.min(Math.floor(groups), this.#indexes.length) - 1]
    if (last !== undefined) this.#fetched.ackFirst(last + 1)
  }

  nack(error?: unknown): void {
    this.#fetched.refuse(this.delivery, error)
  }
}

class DeliveredGroup implements SourceGroup {
  readonly #fetched: Fetched
  readonly #index: number
  readonly #view: LogGroupView
  readonly #countedFrom: number

  constructor(fetched: Fetched, index: number, view: LogGroupView, countedFromFetch: number) {
    this.#fetched = fetched
    this.#index = index
    this.#view = view
    this.#countedFrom = countedFromFetch
  }

  get cursor(): string {
    const { first, from } = this.#fetched.entry
    return encodeCursor(first === undefined ? from : first + BigInt(this.#index))
  }

  get nextCursor(): string {
    const { first, to, count } = this.#fetched.entry
    return encodeCursor(
      first === undefined || this.#index === count - 1 ? to : first + BigInt(this.#index) + 1n
    )
  }

  get firstIndex(): number {
    return this.#fetched.entry.first === undefined ? this.#countedFrom : 0
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
    return this.#view.logCount
  }

  get byteLength(): number {
    return this.#view.byteLength
  }

  logs(): Log[] {
    return this.#view.logs()
  }

  records(): ReturnType<LogGroupView['records']> {
    return this.#view.records()
  }

  ack(): void {
    this.#fetched.ackOne(this.#index)
  }
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
