import { type GroupBody, sizeOf } from '../wire/group-body'
import { Lz4Body } from '../wire/lz4-body'
import type { ShardJournal } from './disk/shard-journal'
import { beginKey, endKey, type HashRange } from './hash-range'
import type { MemoryBudget } from './memory-budget'
import type { ShardState } from './state'
import { StoredGroup } from './stored-group'

export interface ShardInfo {
  shardID: number
  status: 'readwrite' | 'readonly'
  inclusiveBeginKey: string
  exclusiveEndKey: string
  /** Unix seconds. */
  createTime: number
}

/** What makes a shard, apart from its data. */
export interface ShardIdentity {
  readonly id: number
  readonly range: HashRange
  /** Unix seconds. */
  readonly createTime: number
  /** Cursor of the first group that it ever takes. */
  readonly firstCursor: bigint
  /** Shards that were split or merged into this one. */
  readonly parents: readonly number[]
}

/** Result of reading: groups that have the consecutive cursors up to `next` (exclusive). */
export interface ShardRead {
  readonly groups: readonly StoredGroup[]
  readonly next: bigint
}

/** Expired groups keep their slots until this many can be cut off at once. */
const COMPACTION = 1024

/** Append-only log groups with consecutive integer cursors over one range of hash keys. */
export class Shard {
  readonly id: number
  readonly range: HashRange
  readonly createTime: number
  readonly parents: readonly number[]
  readonly #firstCursor: bigint
  status: 'readwrite' | 'readonly' = 'readwrite'
  /** Unix seconds of the split or merge that ended writing. */
  closeTime: number | undefined
  #groups: (StoredGroup | undefined)[] = []
  /** Slots of #groups whose group has expired. */
  #expired = 0
  /** Cursor of #groups[0]. */
  #base: bigint
  #bytes = 0
  #logs = 0
  #lastReceiveTime = 0

  constructor(
    identity: ShardIdentity,
    private readonly budget: MemoryBudget,
    private readonly journal: ShardJournal | undefined
  ) {
    this.id = identity.id
    this.range = identity.range
    this.createTime = identity.createTime
    this.parents = identity.parents
    this.#firstCursor = identity.firstCursor
    this.#base = this.#firstCursor
    if (journal !== undefined) this.#restore(journal)
  }

  /** Cursor of the oldest group that can be read. */
  get begin(): bigint {
    return this.#base + BigInt(this.#expired)
  }

  /** Cursor after the newest group. */
  get end(): bigint {
    return this.#base + BigInt(this.#groups.length)
  }

  get groupCount(): number {
    return this.#groups.length - this.#expired
  }

  /** Bytes of the encoded groups that can be read. */
  get bytes(): number {
    return this.#bytes
  }

  get logCount(): number {
    return this.#logs
  }

  holds(hashKey: bigint): boolean {
    return hashKey >= this.range.begin && hashKey < this.range.end
  }

  append(body: GroupBody, logCount: number, now: number): void {
    const receiveTime = Math.max(this.#lastReceiveTime, now)
    const place = this.journal?.append(this.end, {
      body: body instanceof Lz4Body ? body.peek() : body,
      logCount,
      receiveTime
    })
    const group = new StoredGroup(this, body, sizeOf(body), logCount, receiveTime, place)
    this.#push(group)
    this.budget.added(group)
  }

  /** True where a read may start at the cursor. */
  isReadable(cursor: bigint): boolean {
    return cursor >= this.begin && cursor <= this.end
  }

  groupAt(cursor: bigint): StoredGroup | undefined {
    return cursor < this.begin || cursor >= this.end ? undefined : this.#groups[Number(cursor - this.#base)]
  }

  /** At most `count` groups and `maxBytes` of them, but always one when there is one before `stop`. */
  read(cursor: bigint, count: number, maxBytes: number, stop: bigint = this.end): ShardRead {
    const end = stop > this.end ? this.end : stop
    const groups: StoredGroup[] = []
    let bytes = 0
    let next = cursor
    while (next < end && groups.length < count) {
      const group = this.groupAt(next)
      if (group === undefined) break
      bytes += group.size
      if (bytes > maxBytes && groups.length > 0) break
      groups.push(group)
      next++
    }
    return { groups, next }
  }

  /** All groups that can be read, oldest first. */
  *allGroups(): Generator<StoredGroup> {
    for (let cursor = this.begin; cursor < this.end; cursor++) {
      const group = this.groupAt(cursor)
      if (group !== undefined) yield group
    }
  }

  /** Cursor of the first group received at or after a Unix second; the end where there is none. */
  cursorAt(receiveTime: number): bigint {
    let low = this.#expired
    let high = this.#groups.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#groups[middle]?.receiveTime ?? 0) < receiveTime) low = middle + 1
      else high = middle
    }
    return this.#base + BigInt(low)
  }

  /** Drops the groups received before a Unix second. */
  expireBefore(receiveTime: number): void {
    while ((this.#groups[this.#expired]?.receiveTime ?? Number.POSITIVE_INFINITY) < receiveTime)
      this.expireOldest()
  }

  /** Drops the oldest group; its cursor becomes invalid. */
  expireOldest(): void {
    const group = this.#groups[this.#expired]
    if (group === undefined) return
    this.#bytes -= group.size
    this.#logs -= group.logCount
    this.budget.removed(group)
    group.expire()
    this.#groups[this.#expired++] = undefined
    this.journal?.dropBefore(this.begin)
    if (this.#expired < COMPACTION && this.#expired < this.#groups.length) return
    this.#groups = this.#groups.slice(this.#expired)
    this.#base += BigInt(this.#expired)
    this.#expired = 0
  }

  /** Ends writing. */
  close(time: number): void {
    this.status = 'readonly'
    this.closeTime = time
  }

  /** Gives up all data, of a shard that is deleted. */
  discard(): void {
    while (this.groupCount > 0) this.expireOldest()
    this.journal?.remove()
  }

  info(): ShardInfo {
    return {
      shardID: this.id,
      status: this.status,
      inclusiveBeginKey: beginKey(this.range),
      exclusiveEndKey: endKey(this.range),
      createTime: this.createTime
    }
  }

  toState(): ShardState {
    return {
      id: this.id,
      rangeBegin: String(this.range.begin),
      rangeEnd: String(this.range.end),
      createTime: this.createTime,
      closeTime: this.closeTime ?? null,
      parents: this.parents,
      firstCursor: String(this.#firstCursor),
      beginCursor: String(this.begin)
    }
  }

  #push(group: StoredGroup): void {
    this.#groups.push(group)
    this.#bytes += group.size
    this.#logs += group.logCount
    this.#lastReceiveTime = group.receiveTime
  }

  #restore(journal: ShardJournal): void {
    const { firstCursor, records } = journal.load(this.#base)
    this.#base = firstCursor
    for (const { size, logCount, receiveTime, place } of records) {
      this.#push(new StoredGroup(this, undefined, size, logCount, receiveTime, place))
    }
  }
}
