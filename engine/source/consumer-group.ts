import { SlsError } from '../client/errors'
import type { ShardCheckpoint } from '../client/model'
import { isGroupAbsent, isGroupPresent } from './error-kinds'
import type { PersistentCalls } from './persistent-calls'
import type { SourceClient } from './source-client'

/** Seconds; what the Flink connector creates its groups with. Without heartbeats it has no effect. */
const groupTimeout = 100

export type CheckpointsByShard = ReadonlyMap<number, ShardCheckpoint>

/** The place in each logstore where the service keeps the progress of a named group of readers. */
export class ConsumerGroupPlace {
  readonly name: string
  readonly #client: SourceClient
  readonly #calls: PersistentCalls
  readonly #isCreated: boolean
  readonly #signal: AbortSignal
  readonly #asking = new Map<string, Promise<CheckpointsByShard>>()
  readonly #creating = new Map<string, Promise<void>>()

  /**
   * @param isCreated the group is created where it does not exist
   * @param signal ends all attempts
   */
  constructor(
    name: string,
    client: SourceClient,
    calls: PersistentCalls,
    isCreated: boolean,
    signal: AbortSignal
  ) {
    this.name = name
    this.#client = client
    this.#calls = calls
    this.#isCreated = isCreated
    this.#signal = signal
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
   * Makes sure of the group, with a time-out of 100 s and no order; one that exists is left as it is.
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
      if (this.#isCreated) this.create(logstore).catch(() => undefined)
      return new Map()
    }
  }

  async #create(logstore: string): Promise<void> {
    const group = { name: this.name, timeout: groupTimeout, order: false }
    const call = () => this.#client.createConsumerGroup(logstore, group, this.#signal)
    try {
      const site = { api: 'createConsumerGroup', logstore } as const
      await this.#calls.run(site, call, this.#signal, { giveUp: isGroupPresent })
    } catch (error) {
      if (!(error instanceof SlsError && isGroupPresent(error))) throw error
    }
  }
}
