import { ServiceError } from '../service-error'
import { compareText } from '../text-order'
import { rebalance } from './rebalance'
import type { Checkpoint, ConsumerGroupSettings } from './settings'
import type { Shard } from './shard'
import type { ConsumerGroupState } from './state'

interface Consumer {
  /** Unix milliseconds. */
  lastHeartbeat: number
  held: ReadonlySet<number>
}

/** What a group knows about who reads which shard, and how far. */
export class ConsumerGroup {
  readonly consumers = new Map<string, Consumer>()
  readonly checkpoints = new Map<number, Checkpoint>()
  /** Owner of each shard that is given to somebody, until that one has let go of it. */
  readonly owners = new Map<number, string>()
  /** Shards whose owner has to let go of them, for another. */
  readonly transferring = new Set<number>()
  /** Shards with a smaller id never wait for their parents: an order switched on later holds for later splits. */
  #orderedFrom = 0

  constructor(
    readonly name: string,
    public settings: ConsumerGroupSettings
  ) {}

  static restore(state: ConsumerGroupState): ConsumerGroup {
    const group = new ConsumerGroup(state.name, state.settings)
    group.#orderedFrom = state.orderedFrom
    for (const checkpoint of state.checkpoints) group.checkpoints.set(checkpoint.shard, checkpoint)
    return group
  }

  toState(): ConsumerGroupState {
    return {
      name: this.name,
      settings: this.settings,
      orderedFrom: this.#orderedFrom,
      checkpoints: [...this.checkpoints.values()]
    }
  }

  update(settings: Partial<ConsumerGroupSettings>, nextShardId: number): void {
    if (settings.order === true && !this.settings.order) this.#orderedFrom = nextShardId
    this.settings = { ...this.settings, ...settings }
  }

  /**
   * Takes note of the shards a consumer holds and answers those it should hold. A shard that has to move is not
   * in the answer any more, and goes to its next owner only after a heartbeat without it. A consumer that has let
   * go of all it held, although it should hold some of it, leaves the others to it until its next heartbeat.
   */
  heartbeat(
    consumer: string,
    held: readonly number[],
    shards: ReadonlyMap<number, Shard>,
    now: number
  ): number[] {
    this.dropSilent(now)
    if (!this.consumers.has(consumer) && held.length > 0) {
      throw new ServiceError(
        400,
        'NotExistConsumerWithBody',
        `consumer ${consumer} does not exist: report no shard`
      )
    }
    if (this.#isLeaving(consumer, held)) {
      this.#remove(consumer)
      return []
    }
    const reported = new Set(held)
    this.consumers.set(consumer, { lastHeartbeat: now, held: reported })
    for (const shard of this.transferring) {
      if (this.owners.get(shard) === consumer && !reported.has(shard)) this.#free(shard)
    }
    this.#assign(shards)
    return this.assignedTo(consumer)
  }

  /** Shards a consumer is told to hold, ascending. */
  assignedTo(consumer: string): number[] {
    return [...this.owners]
      .filter(([shard, owner]) => owner === consumer && !this.transferring.has(shard))
      .map(([shard]) => shard)
      .sort((a, b) => a - b)
  }

  /** Removes the consumers whose last heartbeat is older than the time-out; `now` in Unix milliseconds. */
  dropSilent(now: number): void {
    for (const [name, { lastHeartbeat }] of this.consumers) {
      if (now - lastHeartbeat <= this.settings.timeout * 1000) continue
      this.#remove(name)
    }
  }

  #isLeaving(consumer: string, held: readonly number[]): boolean {
    const before = this.consumers.get(consumer)?.held.size ?? 0
    return held.length === 0 && before > 0 && this.consumers.size > 1 && this.assignedTo(consumer).length > 0
  }

  #remove(consumer: string): void {
    this.consumers.delete(consumer)
    for (const [shard, owner] of this.owners) if (owner === consumer) this.#free(shard)
  }

  /** Stores a checkpoint; without `force` only for the consumer that owns the shard. */
  commit(shard: number, cursor: string, consumer: string, force: boolean, now: number): void {
    if (!force) {
      this.dropSilent(now)
      if (!this.consumers.has(consumer)) {
        throw new ServiceError(404, 'ConsumerNotExist', `consumer ${consumer} does not exist`)
      }
      if (this.owners.get(shard) !== consumer) {
        throw new ServiceError(
          400,
          'ConsumerNotMatch',
          `shard ${shard} does not belong to consumer ${consumer}`
        )
      }
    }
    this.checkpoints.set(shard, { shard, checkpoint: cursor, updateTime: now * 1000, consumer })
  }

  #assign(shards: ReadonlyMap<number, Shard>): void {
    const ready = [...shards.values()]
      .filter((shard) => this.#isReady(shard, shards))
      .map((shard) => shard.id)
    const isReady = new Set(ready)
    for (const shard of [...this.owners.keys()]) if (!isReady.has(shard)) this.#free(shard)
    const consumers = [...this.consumers.keys()].sort(compareText)
    for (const shard of ready) {
      const holder = consumers.find((name) => this.consumers.get(name)?.held.has(shard) === true)
      if (!this.owners.has(shard) && holder !== undefined) this.owners.set(shard, holder)
    }
    const plan = rebalance(ready, this.owners, consumers, this.transferring)
    for (const [shard, target] of plan) {
      const owner = this.owners.get(shard)
      if (owner === undefined) this.owners.set(shard, target)
      else if (owner === target) this.transferring.delete(shard)
      else this.transferring.add(shard)
    }
  }

  #free(shard: number): void {
    this.owners.delete(shard)
    this.transferring.delete(shard)
  }

  #isReady(shard: Shard, shards: ReadonlyMap<number, Shard>): boolean {
    return !this.isOver(shard) && !this.#isWaiting(shard, shards)
  }

  /** True for a readonly shard whose checkpoint has reached its end. */
  isOver(shard: Shard): boolean {
    return (
      shard.status === 'readonly' && cursorValue(this.checkpoints.get(shard.id)?.checkpoint) === shard.end
    )
  }

  #isWaiting(shard: Shard, shards: ReadonlyMap<number, Shard>): boolean {
    if (!this.settings.order || shard.id < this.#orderedFrom) return false
    return shard.parents.some((id) => {
      const parent = shards.get(id)
      return parent !== undefined && (!this.isOver(parent) || this.#isWaiting(parent, shards))
    })
  }
}

function cursorValue(checkpoint: string | undefined): bigint | undefined {
  if (checkpoint === undefined) return undefined
  const digits = Buffer.from(checkpoint, 'base64').toString('latin1')
  return /^\d{1,20}$/.test(digits) ? BigInt(digits) : undefined
}
