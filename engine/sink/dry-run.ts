import { parseLogGroup } from '../client/codec/log-group-list'
import { decompress } from '../client/compression/compression'
import type { CompressionName, Content, Shard } from '../client/model'
import type { PutClient } from './options'

/** Milliseconds that a list of shards is good for, and logstores of which it is remembered. */
const SHARDS_FRESH = 60_000
const MOST_LOGSTORES = 100

/** A request as it would have been sent. */
export interface PlannedRequest {
  /** Stands where the service's request id would: `dry-run-1` and so on. */
  requestId: string
  logstore: string
  topic: string
  source: string
  tags: readonly Content[]
  logs: number
  /** Before and after compression. */
  bytes: number
  compressedBytes: number
  compression: CompressionName
  hashKey?: string
  /** The shard that takes the hash key now; without one the service chooses. */
  shard?: number
  /** Why the shard is not known although there is a hash key. */
  shardUnknown?: string
}

type PutRequest = Parameters<PutClient['putLogs']>[0]

/** Stands in for the client of a sink that is only to show what it would send: it sends no log. */
export class DryRun implements PutClient {
  requests = 0
  last: PlannedRequest | undefined
  readonly #shards = new Map<string, { shards: readonly Shard[]; until: number }>()

  constructor(
    private readonly client: PutClient,
    private readonly onPlanned: (request: PlannedRequest) => void
  ) {}

  async putLogs(request: PutRequest, signal?: AbortSignal): Promise<{ requestId: string }> {
    const { logstore, body, rawSize, compression, hashKey } = request
    const { topic, source, tags, logCount } = parseLogGroup(await decompress(compression, body, rawSize))
    const where = hashKey === undefined ? {} : { hashKey, ...(await this.#target(logstore, hashKey, signal)) }
    const requestId = `dry-run-${++this.requests}`
    const sizes = { logs: logCount, bytes: rawSize, compressedBytes: body.length, compression }
    this.last = { requestId, logstore, topic, source, tags, ...sizes, ...where }
    this.onPlanned(this.last)
    return { requestId }
  }

  now(): number {
    return this.client.now?.() ?? Date.now()
  }

  get clockOffset(): number {
    return this.client.clockOffset ?? 0
  }

  async #target(
    logstore: string,
    hashKey: string,
    signal: AbortSignal | undefined
  ): Promise<Pick<PlannedRequest, 'shard' | 'shardUnknown'>> {
    try {
      const shard = shardOf(await this.#shardsOf(logstore, signal), hashKey)
      return shard === undefined ? { shardUnknown: 'no shard takes this key' } : { shard }
    } catch (error) {
      return { shardUnknown: error instanceof Error ? error.message : String(error) }
    }
  }

  async #shardsOf(logstore: string, signal: AbortSignal | undefined): Promise<readonly Shard[]> {
    const known = this.#shards.get(logstore)
    if (known !== undefined && this.now() < known.until) return known.shards
    if (this.client.listShards === undefined) throw new Error('the client cannot list shards')
    const shards = await this.client.listShards(logstore, signal)
    const [oldest] = this.#shards.keys()
    if (oldest !== undefined && this.#shards.size >= MOST_LOGSTORES) this.#shards.delete(oldest)
    this.#shards.set(logstore, { shards, until: this.now() + SHARDS_FRESH })
    return shards
  }
}

/** The shard that logs with this hash key (32 hex digits) are written to; the highest key belongs to the last shard. */
export function shardOf(shards: readonly Shard[], hashKey: string): number | undefined {
  const key = hashKey.toLowerCase()
  const top = 'f'.repeat(32)
  const owner = shards.find(
    ({ status, inclusiveBeginKey, exclusiveEndKey }) =>
      status === 'readwrite' &&
      inclusiveBeginKey <= key &&
      (key < exclusiveEndKey || (key === top && exclusiveEndKey === top))
  )
  return owner?.shardId
}
