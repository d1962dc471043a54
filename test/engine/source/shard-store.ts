import { LogGroupEncoder } from '../../../engine/client/codec/log-group-encoder'
import { encodeLogGroupList } from '../../../engine/client/codec/log-group-list'
import { decodeCursor, encodeCursor } from '../../../engine/client/cursor'
import { SlsError } from '../../../engine/client/errors'
import type { Shard, ShardCheckpoint } from '../../../engine/client/model'
import { defaultRetryPolicy } from '../../../engine/client/retry'
import type { SourceClient } from '../../../engine/source/source-client'

interface StoredShard {
  listed: Shard
  parents: number[]
  base: bigint
  groups: string[]
}

/** Where a message lies. */
export interface Place {
  readonly shard: number
  readonly position: bigint
}

const keySpace = 4096

/** One logstore `demo/access` in memory, without a wire between; keys are numbers below 4096. */
export class ShardStore {
  readonly places = new Map<string, Place>()
  readonly #shards: StoredShard[] = []
  readonly #checkpoints = new Map<number, ShardCheckpoint>()
  #hasGroup: boolean = false

  constructor(shardCount: number) {
    for (let index = 0; index < shardCount; index++) {
      this.#open((keySpace * index) / shardCount, (keySpace * (index + 1)) / shardCount)
    }
  }

  /** Shards that take writes. */
  get open(): number[] {
    return this.#shards
      .filter(({ listed }) => listed.status === 'readwrite')
      .map(({ listed }) => listed.shardId)
  }

  /** What a consumer group goes by. */
  get lineage(): { id: number; status: Shard['status']; end: bigint; parents: number[] }[] {
    return this.#shards.map(({ listed, parents, base, groups }) => ({
      id: listed.shardId,
      status: listed.status,
      end: base + BigInt(groups.length),
      parents
    }))
  }

  write(key: number, message: string): void {
    const text = keyText(key)
    const shard = this.#shards.find(
      ({ listed }) =>
        listed.status === 'readwrite' && listed.inclusiveBeginKey <= text && text < listed.exclusiveEndKey
    )
    if (shard === undefined) throw new Error(`no shard takes the key ${key}`)
    this.places.set(message, {
      shard: shard.listed.shardId,
      position: shard.base + BigInt(shard.groups.length)
    })
    shard.groups.push(message)
  }

  split(shard: number): void {
    const { listed } = this.#shard(shard)
    const from = Number.parseInt(listed.inclusiveBeginKey, 16)
    const to = Number.parseInt(listed.exclusiveEndKey, 16)
    if (to - from < 2) return
    listed.status = 'readonly'
    const middle = Math.floor((from + to) / 2)
    this.#open(from, middle, [shard])
    this.#open(middle, to, [shard])
  }

  merge(shard: number): void {
    const left = this.#shard(shard).listed
    const right = this.#shards.find(
      ({ listed }) => listed.status === 'readwrite' && listed.inclusiveBeginKey === left.exclusiveEndKey
    )?.listed
    if (right === undefined) return
    left.status = 'readonly'
    right.status = 'readonly'
    const parents = [left.shardId, right.shardId]
    this.#open(
      Number.parseInt(left.inclusiveBeginKey, 16),
      Number.parseInt(right.exclusiveEndKey, 16),
      parents
    )
  }

  /** @param call let through, or made fail, each call */
  client(call: () => Promise<void>): SourceClient {
    return {
      project: 'demo',
      retryPolicy: defaultRetryPolicy,
      listLogstores: async () => ['access'],
      listShards: async () => {
        await call()
        return this.#shards.map(({ listed }) => ({ ...listed }))
      },
      getCursor: async (_logstore, shard, from) => {
        await call()
        const { base, groups } = this.#shard(shard)
        return encodeCursor(from === 'begin' ? base : base + BigInt(groups.length))
      },
      getCursorTime: async () => 0,
      pullLogs: async ({ shard, cursor, count, endCursor }) => {
        await call()
        return this.#pull(shard, decodeCursor(cursor), count, endCursor)
      },
      createConsumerGroup: async () => {
        await call()
        this.#hasGroup = true
      },
      listConsumerGroups: async () => [],
      updateConsumerGroup: async () => undefined,
      heartbeat: async () => {
        throw new SlsError('ConsumerGroupNotExist', 'nobody is coordinated here', { status: 404 })
      },
      getCheckpoints: async () => {
        await call()
        if (!this.#hasGroup) throw new SlsError('ConsumerGroupNotExist', 'no such group', { status: 404 })
        return [...this.#checkpoints.values()]
      },
      updateCheckpoint: async ({ shard, cursor }) => {
        await call()
        if (!this.#hasGroup) throw new SlsError('ConsumerGroupNotExist', 'no such group', { status: 404 })
        this.#checkpoints.set(shard, { shard, cursor, updateTime: 0, consumer: '' })
      }
    }
  }

  #pull(shard: number, from: bigint, count: number, endCursor: string | undefined) {
    const { base, groups } = this.#shard(shard)
    const start = Number(from - base)
    if (start < 0 || start > groups.length)
      throw new SlsError('InvalidCursor', 'no such cursor', { status: 400 })
    const bound = endCursor === undefined ? groups.length : Number(decodeCursor(endCursor) - base)
    const end = Math.min(groups.length, bound, start + count)
    const body = encodeLogGroupList(groups.slice(start, Math.max(start, end)).map(encoded))
    const next = base + BigInt(Math.max(start, end))
    return {
      requestId: '1',
      nextCursor: encodeCursor(next),
      groupCount: Math.max(0, end - start),
      rawSize: body.length,
      body,
      endOfCursor: end === groups.length,
      lastCursor: end > start ? next - 1n : undefined,
      cursorTime: 1_700_000_000
    }
  }

  #open(from: number, to: number, parents: number[] = []): void {
    const shardId = this.#shards.length
    this.#shards.push({
      listed: {
        shardId,
        status: 'readwrite',
        inclusiveBeginKey: keyText(from),
        exclusiveEndKey: keyText(to),
        createTime: 1_600_000_000 + shardId
      },
      parents,
      base: 1_000_000n * BigInt(shardId + 1),
      groups: []
    })
  }

  #shard(shard: number): StoredShard {
    const stored = this.#shards[shard]
    if (stored === undefined) throw new SlsError('ShardNotExist', 'no such shard', { status: 400 })
    return stored
  }
}

function keyText(key: number): string {
  return Math.floor(key).toString(16).padStart(8, '0')
}

function encoded(message: string): Buffer {
  const encoder = new LogGroupEncoder({ topic: '', source: '' })
  encoder.append({ time: 1_700_000_000, contents: { message } })
  return encoder.finish()
}
