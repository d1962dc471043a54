import { SlsError } from '../client/errors'
import type { ConsumerGroup, ShardCheckpoint } from '../client/model'
import { isDenied, isGroupAbsent, isGroupPresent } from './error-kinds'
import type { SourceEmitter } from './events'
import type { PersistentCalls } from './persistent-calls'
import type { SourceClient } from './source-client'

/** How the group is to be. */
export interface GroupPlan {
  readonly name: string
  /** Seconds. */
  readonly timeout: number
  readonly order: boolean
  /** The group is created where it does not exist. */
  readonly isCreated: boolean
  /** A group that exists with other settings is changed. */
  readonly isUpdated: boolean
}

export type CheckpointsByShard = ReadonlyMap<number, ShardCheckpoint>

/** The place in each logstore where the service keeps the progress of a named group of readers. */
export class ConsumerGroupPlace {
  readonly #plan: GroupPlan
  readonly #client: SourceClient
  readonly #calls: PersistentCalls
  readonly #emitter: SourceEmitter
  readonly #signal: AbortSignal
  readonly #asking = new Map<string, Promise<CheckpointsByShard>>()
  readonly #creating = new Map<string, Promise<void>>()

  /** @param signal ends all attempts */
  constructor(
    plan: GroupPlan,
    client: SourceClient,
    calls: PersistentCalls,
    emitter: SourceEmitter,
    signal: AbortSignal
  ) {
    this.#plan = plan
    this.#client = client
    this.#calls = calls
    this.#emitter = emitter
    this.#signal = signal
  }

  get name(): string {
    return this.#plan.name
  }

  /**
   * The checkpoints of all shards that have one; one call for all who ask at the same time. A group that does not
   * exist has none; it is created meanwhile.
   * @throws SlsError `Aborted` when the source has ended
   */
  checkpoints(logstore: string): Promise<CheckpointsByShard> {
    const asking =
      this.#asking.get(logstore) ?? this.#ask(logstore).finally(() => this.#asking.delete(logstore))
    this.#asking.set(logstore, asking)
    return asking
  }

  /**
   * Makes sure of the group; one that exists is left as it is.
   * @throws SlsError `Aborted` when the source has ended
   */
  create(logstore: string): Promise<void> {
    const creating =
      this.#creating.get(logstore) ?? this.#create(logstore).finally(() => this.#creating.delete(logstore))
    this.#creating.set(logstore, creating)
    return creating
  }

  async #ask(logstore: string): Promise<CheckpointsByShard> {
    const call = () => this.#client.getCheckpoints(logstore, this.name, undefined, this.#signal)
    try {
      const site = { api: 'getCheckpoints', logstore } as const
      const checkpoints = await this.#calls.run(site, call, this.#signal, { giveUp: isGroupAbsent })
      return new Map(checkpoints.filter(({ cursor }) => cursor !== '').map((each) => [each.shard, each]))
    } catch (error) {
      if (!(error instanceof SlsError) || !isGroupAbsent(error)) throw error
      if (this.#plan.isCreated) this.create(logstore).catch(() => undefined)
      return new Map()
    }
  }

  /**
   * Makes sure of the group and of its settings, or tells that it has others; those that it has.
   * @throws SlsError `Aborted` when the source has ended
   */
  async join(logstore: string): Promise<ConsumerGroup> {
    await this.create(logstore)
    const { name, timeout, order, isUpdated } = this.#plan
    const wanted = { name, timeout, order }
    const group = await this.#existing(logstore)
    if (group === undefined || (group.timeout === timeout && group.order === order)) return wanted
    if (!isUpdated) {
      this.#emitter.emit('groupDiffers', { logstore, group, wanted })
      return group
    }
    const call = () => this.#client.updateConsumerGroup(logstore, name, { timeout, order }, this.#signal)
    await this.#calls.run({ api: 'updateConsumerGroup', logstore }, call, this.#signal)
    return wanted
  }

  /** Undefined where nobody may know. */
  async #existing(logstore: string): Promise<ConsumerGroup | undefined> {
    const call = () => this.#client.listConsumerGroups(logstore, this.#signal)
    try {
      const site = { api: 'listConsumerGroups', logstore } as const
      const groups = await this.#calls.run(site, call, this.#signal, { giveUp: isDenied })
      return groups.find(({ name }) => name === this.name)
    } catch (error) {
      if (error instanceof SlsError && isDenied(error)) return undefined
      throw error
    }
  }

  async #create(logstore: string): Promise<void> {
    const { name, timeout, order } = this.#plan
    const group = { name, timeout, order }
    const call = () => this.#client.createConsumerGroup(logstore, group, this.#signal)
    try {
      const site = { api: 'createConsumerGroup', logstore } as const
      await this.#calls.run(site, call, this.#signal, { giveUp: isGroupPresent })
    } catch (error) {
      if (!(error instanceof SlsError && isGroupPresent(error))) throw error
    }
  }
}
