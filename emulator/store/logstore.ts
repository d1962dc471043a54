import { parameterInvalid, ServiceError } from '../service-error'
import { ConsumerGroup, type ConsumerGroupSettings } from './consumer-group'
import { divideRange, type HashRange, WHOLE_SPACE } from './hash-range'
import { Shard } from './shard'
import type { StoreClock } from './store-clock'

/** The properties of a logstore that clients set; further ones are kept as they came. */
export interface LogstoreSettings {
  /** Days, 1..3650; 3650 keeps for ever. */
  ttl: number
  enable_tracking: boolean
  autoSplit: boolean
  maxSplitShard: number
  appendMeta: boolean
  [property: string]: unknown
}

export interface LogstoreDescription extends LogstoreSettings {
  logstoreName: string
  shardCount: number
  createTime: number
  lastModifyTime: number
}

export const MAX_CONSUMER_GROUPS = 30

/** Shards, consumer groups and index of one logstore. Times are Unix seconds. */
export class Logstore {
  readonly shards = new Map<number, Shard>()
  readonly consumerGroups = new Map<string, ConsumerGroup>()
  readonly createTime: number
  lastModifyTime: number
  #index: Readonly<Record<string, unknown>> | undefined
  #indexModifyTime = 0
  #nextShardId = 0
  #turn = 0

  constructor(
    readonly name: string,
    shardCount: number,
    public settings: LogstoreSettings,
    private readonly clock: StoreClock
  ) {
    this.createTime = clock.seconds()
    this.lastModifyTime = this.createTime
    for (const range of divideRange(WHOLE_SPACE, shardCount)) this.#addShard(range, [])
  }

  /** In the order of their ids. */
  listShards(): Shard[] {
    return [...this.shards.values()]
  }

  writableShards(): Shard[] {
    return this.listShards().filter((shard) => shard.status === 'readwrite')
  }

  shard(id: number): Shard {
    const shard = this.shards.get(id)
    if (shard === undefined) throw new ServiceError(400, 'ShardNotExist', `shard ${id} does not exist`)
    return shard
  }

  /** Writable shards in the order in which a load-balanced write should try them; each call starts with another. */
  balancedShards(): Shard[] {
    const writable = this.writableShards()
    const first = this.#turn++ % writable.length
    return [...writable.slice(first), ...writable.slice(0, first)]
  }

  /** The writable shard whose range holds the key; the last one for the key beyond the last range, 32 times `f`. */
  routedShard(hashKey: bigint): Shard {
    const writable = this.writableShards()
    const shard = writable.find((candidate) => candidate.holds(hashKey))
    if (shard === undefined) throw new ServiceError(400, 'LogStoreWithoutShard', 'logstore has no shard')
    return shard
  }

  /** Ends writing to the shard and divides its range, at `key` or evenly. The old shard, then the new ones. */
  splitShard(id: number, at: { key: bigint } | { parts: number }): Shard[] {
    const old = this.#writableShard(id)
    const { begin, end } = old.range
    if ('key' in at) {
      if (at.key <= begin || at.key >= end) throw parameterInvalid('invalid mid hash.')
      return this.#replace(
        [old],
        [
          { begin, end: at.key },
          { begin: at.key, end }
        ]
      )
    }
    return this.#replace([old], divideRange(old.range, at.parts))
  }

  /** Ends writing to the shard and its right neighbour and joins their ranges. The new shard, then the old ones. */
  mergeShard(id: number): Shard[] {
    const left = this.#writableShard(id)
    if (left.range.end === WHOLE_SPACE.end) throw parameterInvalid('can not merge the last shard.')
    const right = this.writableShards().find((shard) => shard.range.begin === left.range.end)
    if (right === undefined) throw parameterInvalid('invalid shard id.')
    const joined = { begin: left.range.begin, end: right.range.end }
    const [first, second, merged] = this.#replace([left, right], [joined])
    return [merged, first, second].filter((shard) => shard !== undefined)
  }

  /** Forgets a readonly shard with its data. */
  deleteShard(id: number): void {
    const shard = this.shards.get(id)
    if (shard === undefined || shard.status === 'readwrite') throw parameterInvalid('invalid shard id.')
    this.shards.delete(id)
  }

  group(name: string): ConsumerGroup {
    const group = this.consumerGroups.get(name)
    if (group === undefined) {
      throw new ServiceError(404, 'ConsumerGroupNotExist', `consumer group ${name} does not exist`)
    }
    return group
  }

  createGroup(name: string, settings: ConsumerGroupSettings): ConsumerGroup {
    if (this.consumerGroups.has(name)) {
      throw new ServiceError(400, 'ConsumerGroupAlreadyExist', `consumer group ${name} already exists`)
    }
    if (this.consumerGroups.size >= MAX_CONSUMER_GROUPS) {
      throw new ServiceError(
        400,
        'ConsumerGroupQuotaExceed',
        `at most ${MAX_CONSUMER_GROUPS} consumer groups`
      )
    }
    const group = new ConsumerGroup(name, settings)
    this.consumerGroups.set(name, group)
    return group
  }

  get nextShardId(): number {
    return this.#nextShardId
  }

  get index(): Readonly<Record<string, unknown>> | undefined {
    return this.#index
  }

  get indexModifyTime(): number {
    return this.#indexModifyTime
  }

  setIndex(index: Readonly<Record<string, unknown>> | undefined): void {
    this.#index = index
    this.#indexModifyTime = this.clock.seconds()
  }

  touch(): void {
    this.lastModifyTime = this.clock.seconds()
  }

  describe(): LogstoreDescription {
    return {
      logstoreName: this.name,
      ...this.settings,
      shardCount: this.writableShards().length,
      createTime: this.createTime,
      lastModifyTime: this.lastModifyTime
    }
  }

  #writableShard(id: number): Shard {
    const shard = this.shards.get(id)
    if (shard?.status !== 'readwrite') throw parameterInvalid('invalid shard id.')
    return shard
  }

  #replace(old: readonly Shard[], ranges: readonly HashRange[]): Shard[] {
    for (const shard of old) shard.close(this.clock.seconds())
    const parents = old.map((shard) => shard.id)
    return [...old, ...ranges.map((range) => this.#addShard(range, parents))]
  }

  #addShard(range: HashRange, parents: readonly number[]): Shard {
    const id = this.#nextShardId++
    const shard = new Shard(id, range, this.clock.seconds(), this.clock.nextCursorSeed(), parents)
    this.shards.set(id, shard)
    return shard
  }
}
