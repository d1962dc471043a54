import { strict as assert } from 'node:assert'
import { ServiceError } from '../../../emulator/service-error'
import { ConsumerGroup } from '../../../emulator/store/consumer-group'
import type { Shard } from '../../../emulator/store/shard'
import { decodeCursor } from '../../../engine/client/cursor'
import { SlsError } from '../../../engine/client/errors'
import type { SourceClient } from '../../../engine/source/source-client'
import type { ShardStore } from './shard-store'

/** What a member's calls meet on their way. */
export interface Line {
  isDead: boolean
  isCut: boolean
  areHeartbeatsCut: boolean
}

export interface GroupObserver {
  pulled(consumer: string, shard: number): void
  committed(consumer: string, shard: number, position: bigint): void
}

const groupTimeout = 5

/** The store of a logstore with a consumer group that assigns its shards. */
export class GroupService {
  /** Unix milliseconds of the last heartbeat that was answered. */
  readonly beats = new Map<string, number>()
  readonly timeout = groupTimeout * 1000
  refusals = 0
  readonly #store: ShardStore
  readonly #now: () => number
  readonly #observer: GroupObserver
  #group: ConsumerGroup | undefined

  constructor(store: ShardStore, now: () => number, observer: GroupObserver) {
    this.#store = store
    this.#now = now
    this.#observer = observer
  }

  get settings() {
    return this.#group?.settings
  }

  /** Somebody deletes the group, with all checkpoints. */
  delete(): void {
    this.#group = undefined
  }

  checkpoint(shard: number): bigint | undefined {
    const cursor = this.#group?.checkpoints.get(shard)?.checkpoint
    return cursor === undefined ? undefined : decodeCursor(cursor)
  }

  /** @param pass lets each call through, or makes it fail */
  client(consumer: string, line: Line, pass: () => Promise<void>): SourceClient {
    const call = async (isHeartbeat = false) => {
      await pass()
      if (line.isDead || line.isCut || (isHeartbeat && line.areHeartbeatsCut)) {
        throw new SlsError('NetworkError', 'no way through', { retryability: 'transient' })
      }
    }
    const base = this.#store.client(() => call())
    return {
      ...base,
      pullLogs: async (request) => {
        const answer = await base.pullLogs(request)
        this.#observer.pulled(consumer, request.shard)
        return answer
      },
      createConsumerGroup: async (_logstore, { name, timeout, order }) => {
        await call()
        if (this.#group !== undefined) throw new SlsError('ConsumerGroupAlreadyExist', name, { status: 400 })
        this.#group = new ConsumerGroup(name, { timeout, order })
      },
      listConsumerGroups: async () => {
        await call()
        return this.#group === undefined ? [] : [{ name: this.#group.name, ...this.#group.settings }]
      },
      getCheckpoints: async () => {
        await call()
        const checkpoints = [...this.#existing.checkpoints.values()]
        return checkpoints.map(({ shard, checkpoint: cursor }) => ({
          shard,
          cursor,
          updateTime: 0,
          consumer: ''
        }))
      },
      heartbeat: async (_logstore, _group, name, held) => {
        await call(true)
        const group = this.#existing
        const assigned = this.#asService(() => group.heartbeat(name, held, this.#shards, this.#now()))
        this.beats.set(name, this.#now())
        return assigned
      },
      updateCheckpoint: async ({ shard, cursor, consumer: name, force }) => {
        await call()
        const group = this.#existing
        this.#asService(() => group.commit(shard, cursor, name ?? '', force, this.#now()))
        this.#observer.committed(consumer, shard, decodeCursor(cursor))
      }
    }
  }

  get #existing(): ConsumerGroup {
    if (this.#group === undefined)
      throw new SlsError('ConsumerGroupNotExist', 'no such group', { status: 404 })
    return this.#group
  }

  get #shards(): ReadonlyMap<number, Shard> {
    return new Map(this.#store.lineage.map((shard) => [shard.id, shard as unknown as Shard]))
  }

  #asService<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      assert.ok(error instanceof ServiceError)
      this.refusals++
      throw new SlsError(error.code, error.message, { status: error.status })
    }
  }
}

export const groupSettings = { heartbeatInterval: 1000, groupTimeout, handOverTimeout: 3000 }
