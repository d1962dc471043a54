import { beginKey, endKey, type HashRange } from './hash-range'

/** An encoded LogGroup as it was accepted. */
export interface StoredGroup {
  readonly body: Buffer
  readonly logCount: number
  /** Unix seconds at which the service took it; never falls within a shard. */
  readonly receiveTime: number
}

export interface ShardInfo {
  shardID: number
  status: 'readwrite' | 'readonly'
  inclusiveBeginKey: string
  exclusiveEndKey: string
  /** Unix seconds. */
  createTime: number
}

/** Result of reading: groups that have the consecutive cursors from `cursor` to `next` (exclusive). */
export interface ShardRead {
  readonly groups: readonly StoredGroup[]
  readonly next: bigint
}

/** Expired groups leave their slots behind until this many can be cut off at once. */
const COMPACTION = 1024

/** Append-only log groups with consecutive integer cursors over one range of hash keys. */
export class Shard {
  status: 'readwrite' | 'readonly' = 'readwrite'
  /** Unix seconds of the split or merge that ended writing. */
  closeTime: number | undefined
  #groups: StoredGroup[] = []
  /** Slots of #groups whose group has expired. */
  #expired = 0
  /** Cursor of #groups[0]. */
  #base: bigint
  #bytes = 0
  #logs = 0
  #lastReceiveTime = 0

  constructor(
    readonly id: number,
    readonly range: HashRange,
    /** Unix seconds. */
    readonly createTime: number,
    firstCursor: bigint,
    /** Shards that were split or merged into this one. */
    readonly parents: readonly number[] = []
  ) {
    this.#base = firstCursor
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

  append(body: Buffer, logCount: number, receiveTime: number): void {
    this.#lastReceiveTime = Math.max(this.#lastReceiveTime, receiveTime)
    this.#groups.push({ body, logCount, receiveTime: this.#lastReceiveTime })
    this.#bytes += body.length
    this.#logs += logCount
  }

  /** True where a read may start at the cursor. */
  isReadable(cursor: bigint): boolean {
    return cursor >= this.begin && cursor <= this.end
  }

  /** The group at a cursor that `isReadable` and is not the end. */
  groupAt(cursor: bigint): StoredGroup | undefined {
    const slot = Number(cursor - this.#base)
    return slot < this.#expired ? undefined : this.#groups[slot]
  }

  /** At most `count` groups and `maxBytes` of them, but always one when there is one before `stop`. */
  read(cursor: bigint, count: number, maxBytes: number, stop: bigint | undefined): ShardRead {
    const first = Number(cursor - this.#base)
    const end = stop === undefined || stop > this.end ? this.#groups.length : Number(stop - this.#base)
    let slot = first
    let bytes = 0
    while (slot < end && slot - first < count) {
      bytes += this.#groups[slot]?.body.length ?? 0
      if (bytes > maxBytes && slot > first) break
      slot++
    }
    return { groups: this.#groups.slice(first, slot), next: this.#base + BigInt(Math.max(slot, first)) }
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

  oldestReceiveTime(): number | undefined {
    return this.#groups[this.#expired]?.receiveTime
  }

  /** Drops the oldest group; its cursor becomes invalid. */
  expireOldest(): void {
    const group = this.#groups[this.#expired]
    if (group === undefined) return
    this.#bytes -= group.body.length
    this.#logs -= group.logCount
    this.#expired++
    if (this.#expired < COMPACTION && this.#expired < this.#groups.length) {
      this.#groups[this.#expired - 1] = EXPIRED
      return
    }
    this.#groups = this.#groups.slice(this.#expired)
    this.#base += BigInt(this.#expired)
    this.#expired = 0
  }

  close(time: number): void {
    this.status = 'readonly'
    this.closeTime = time
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
}

const EXPIRED: StoredGroup = { body: Buffer.alloc(0), logCount: 0, receiveTime: 0 }
