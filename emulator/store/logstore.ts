import { parameterInvalid, ServiceError } from '../service-error'
import { ConsumerGroup } from './consumer-group'
import { divideRange, type HashRange, lastKey, WHOLE_SPACE } from './hash-range'
import type { ConsumerGroupSettings, LogstoreSettings } from './settings'
import { Shard, type ShardIdentity } from './shard'
import type { LogstoreState } from './state'
import type { StoreContext } from './store-context'

export interface LogstoreDescription extends LogstoreSettings {
  logstoreName: string
  shardCount: number
  createTime: number
  lastModifyTime: number
  productType: string
}

export type LogstoreIndex = Readonly<Record<string, unknown>>

const MAX_CONSUMER_GROUPS = 30
const TTL_FOR_EVER = 3650
const SECONDS_PER_DAY = 86_400

/** Shards, consumer groups and index of one logstore. Times are Unix seconds. */
export class Logstore {
  readonly shards = new Map<number, Shard>()
  readonly consumerGroups = new Map<string, ConsumerGroup>()
  #index: LogstoreIndex | undefined
  #indexModifyTime = 0
  #nextShardId = 0
  #turn = 0
  #lastModifyTime: number

  private constructor(
    readonly project: string,
    readonly name: string,
    public settings: LogstoreSettings,
    readonly createTime: number,
    private readonly context: StoreContext
  ) {
    this.#lastModifyTime = createTime
  }

  /** A new logstore whose shards divide the hash space evenly. */
  static create(
    project: string,
    name: string,
    shardCount: number,
    settings: LogstoreSettings,
    context: StoreContext
  ): Logstore {
    const logstore = new Logstore(project, name, settings, context.clock.seconds(), context)
    for (const range of divideRange(WHOLE_SPACE, shardCount)) logstore.#addShard(range, [])
    return logstore
  }

  static restore(project: string, state: LogstoreState, context: StoreContext): Logstore {
    const logstore = new Logstore(project, state.name, state.settings, state.createTime, context)
    logstore.#lastModifyTime = state.lastModifyTime
    logstore.#index = state.index ?? undefined
    logstore.#indexModifyTime = state.indexModifyTime
    logstore.#nextShardId = state.nextShardId
    for (const shard of state.shards) {
      logstore.#openShard(
        {
          id: shard.id,
          range: { begin: BigInt(shard.rangeBegin), end: BigInt(shard.rangeEnd) },
          createTime: shard.createTime,
          firstCursor: BigInt(shard.firstCursor),
          parents: shard.parents
        },
        { closeTime: shard.closeTime, begin: BigInt(shard.beginCursor) }
      )
    }
    for (const group of state.consumerGroups)
      logstore.consumerGroups.set(group.name, ConsumerGroup.restore(group))
    return logstore
  }

  get index(): LogstoreIndex | undefined {
    return this.#index
  }

  get indexModifyTime(): number {
    return this.#indexModifyTime
  }

  get nextShardId(): number {
    return this.#nextShardId
  }

  get lastModifyTime(): number {
    return this.#lastModifyTime
  }

  setIndex(index: LogstoreIndex | undefined): void {
    this.#index = index
    this.#indexModifyTime = this.context.clock.seconds()
  }

  update(settings: Partial<LogstoreSettings>): void {
    this.settings = { ...this.settings, ...settings }
    this.#lastModifyTime = this.context.clock.seconds()
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

  /** The writable shard whose range holds the key. */
  routedShard(hashKey: bigint): Shard {
    const shard = this.writableShards().find((candidate) => candidate.holds(hashKey))
    if (shard === undefined) throw new ServiceError(400, 'LogStoreWithoutShard', 'logstore has no shard')
    return shard
  }

  /** Ends writing to the shard and divides its range, at `key` or evenly. The old shard, then the new ones. */
  splitShard(id: number, at: { key: bigint } | { parts: number }): Shard[] {
    const old = this.#writableShard(id)
    const { begin, end } = old.range
    if ('parts' in at && end - begin >= at.parts)
      return this.#replace([old], divideRange(old.range, at.parts))
    if ('parts' in at || at.key <= begin || at.key >= lastKey(old.range))
      throw parameterInvalid('invalid mid hash.')
    return this.#replace(
      [old],
      [
        { begin, end: at.key },
        { begin: at.key, end }
      ]
    )
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
    shard.discard()
    this.shards.delete(id)
  }

  /** Drops the data that is older than it is to be kept, and the readonly shards that were closed before that. */
  expire(): void {
    const seconds =
      this.context.retention ??
      (this.settings.ttl === TTL_FOR_EVER ? undefined : this.settings.ttl * SECONDS_PER_DAY)
    if (seconds === undefined) return
    const oldest = this.context.clock.seconds() - seconds
    for (const shard of this.shards.values()) {
      shard.expireBefore(oldest)
      if (shard.closeTime !== undefined && shard.closeTime < oldest && shard.groupCount === 0) {
        this.deleteShard(shard.id)
      }
    }
  }

  /** Gives up all data, of a logstore that is deleted. */
  discard(): void {
    for (const shard of this.shards.values()) shard.discard()
    this.shards.clear()
  }

  group(name: string): ConsumerGroup {
    const group = this.consumerGroups.get(name)
    if (group === undefined) {
      throw new ServiceError(404, 'ConsumerGroupNotExist', `consumer group ${name} does not exist`)
    }
    return group
  }

  createGroup(name: string, settings: ConsumerGroupSettings): void {
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
    this.consumerGroups.set(name, new ConsumerGroup(name, settings))
  }

  describe(): LogstoreDescription {
    return {
      logstoreName: this.name,
      ...this.settings,
      shardCount: this.writableShards().length,
      createTime: this.createTime,
      lastModifyTime: this.#lastModifyTime,
      productType: ''
    }
  }

  toState(): LogstoreState {
    return {
      name: this.name,
      settings: this.settings,
      createTime: this.createTime,
      lastModifyTime: this.#lastModifyTime,
      index: this.#index ?? null,
      indexModifyTime: this.#indexModifyTime,
      nextShardId: this.#nextShardId,
      shards: this.listShards().map((shard) => shard.toState()),
      consumerGroups: [...this.consumerGroups.values()].map((group) => group.toState())
    }
  }

  #writableShard(id: number): Shard {
    const shard = this.shards.get(id)
    if (shard?.status !== 'readwrite') throw parameterInvalid('invalid shard id.')
    return shard
  }

  #replace(old: readonly Shard[], ranges: readonly HashRange[]): Shard[] {
    for (const shard of old) shard.close(this.context.clock.seconds())
    const parents = old.map((shard) => shard.id)
    return [...old, ...ranges.map((range) => this.#addShard(range, parents))]
  }

  #addShard(range: HashRange, parents: readonly number[]): Shard {
    const { clock } = this.context
    const id = this.#nextShardId++
    return this.#openShard({
      id,
      range,
      createTime: clock.seconds(),
      firstCursor: clock.nextCursorSeed(),
      parents
    })
  }

  #openShard(identity: ShardIdentity, past?: { closeTime: number | null; begin: bigint }): Shard {
    const { budget, journal } = this.context
    const shard = new Shard(identity, budget, journal(this.project, this.name, identity.id))
    if (past !== undefined) {
      while (shard.begin < past.begin && shard.groupCount > 0) shard.expireOldest()
      if (past.closeTime !== null) shard.close(past.closeTime)
    }
    this.shards.set(identity.id, shard)
    return shard
  }
}
