import {
  type CheckpointUpdate,
  type ConsumerGroupSettings,
  createConsumerGroupCall,
  getCheckpointsCall,
  heartbeatCall,
  listConsumerGroupsCall,
  readCheckpoints,
  readConsumerGroups,
  readHeartbeat,
  updateCheckpointCall,
  updateConsumerGroupCall
} from './calls/consumer-groups'
import { getLogstoreCall, listLogstoresCall, readLogstore, readLogstorePage } from './calls/logstores'
import { type PullLogsRequest, type PullResult, pullLogsCall, readPullLogs } from './calls/pull-logs'
import { type PutLogsRequest, putLogsCall } from './calls/put-logs'
import {
  getCursorCall,
  getCursorTimeCall,
  listShardsCall,
  readCursor,
  readCursorTime,
  readShards
} from './calls/shards'
import { SlsError } from './errors'
import type { ConsumerGroup, CursorPosition, LogstoreInfo, Shard, ShardCheckpoint } from './model'
import { type ClientOptions, checkOptions } from './options'
import { badResponse } from './response-json'
import type { RetryPolicy } from './retry'
import { reportsError } from './service-error'
import { type ClientStats, type ServiceResponse, SignedCaller } from './signed-call'

/**
 * The calls to one project. Each method is one call (`listLogstores`: one a page), without retry; wrap it in
 * `withRetry` with `retryPolicy`. Every method rejects only with SlsError, among them always possible: `Aborted`,
 * `Closed`, `NetworkError`, `ConnectTimeout`, `RequestTimeout`, `BadResponse`, `CredentialsUnavailable` and the
 * service's own codes.
 */
export class SlsClient {
  readonly project: string
  /** `http(s)://host[:port]`. */
  readonly endpoint: string
  readonly retryPolicy: RetryPolicy
  readonly #caller: SignedCaller

  /** @throws SlsError `InvalidOption`; its `field` names the option, its message what was expected. */
  constructor(options: ClientOptions) {
    const checked = checkOptions(options)
    this.project = checked.project
    this.endpoint = checked.endpoint.url
    this.retryPolicy = checked.retry
    this.#caller = new SignedCaller(checked)
  }

  /** Writes one log group; when it resolves, the service has accepted it. */
  async putLogs(request: PutLogsRequest, signal?: AbortSignal): Promise<{ requestId: string }> {
    return this.#caller.call(putLogsCall(request), signal, (response) => {
      readNothing(response)
      return { requestId: response.requestId }
    })
  }

  /** Reads up to `count` log groups (1..1000) of a shard from `cursor` on. */
  async pullLogs(request: PullLogsRequest, signal?: AbortSignal): Promise<PullResult> {
    return this.#caller.call(pullLogsCall(request), signal, (response) => readPullLogs(response, request))
  }

  /** The cursor at the shard's begin, its end, or of the first group received at or after a Unix second. */
  async getCursor(
    logstore: string,
    shard: number,
    from: CursorPosition,
    signal?: AbortSignal
  ): Promise<string> {
    return this.#caller.call(getCursorCall(logstore, shard, from), signal, readCursor)
  }

  /** Unix seconds at which the service received the log group at `cursor`. */
  async getCursorTime(
    logstore: string,
    shard: number,
    cursor: string,
    signal?: AbortSignal
  ): Promise<number> {
    return this.#caller.call(getCursorTimeCall(logstore, shard, cursor), signal, readCursorTime)
  }

  /** All shards, readonly ones included as long as their data is kept. */
  async listShards(logstore: string, signal?: AbortSignal): Promise<Shard[]> {
    return this.#caller.call(listShardsCall(logstore), signal, readShards)
  }

  /** The names of the project's logstores, of all pages; with `contains` only those that hold it. */
  async listLogstores(signal?: AbortSignal, filter?: { contains?: string | undefined }): Promise<string[]> {
    const names = new Set<string>()
    for (let offset = 0; ; ) {
      const page = await this.#caller.call(listLogstoresCall(offset, filter), signal, readLogstorePage)
      const known = names.size
      for (const name of page.names) names.add(name)
      offset += page.names.length
      if (page.names.length === 0 || offset >= page.total) return [...names]
      if (names.size === known) throw repeatedPage()
    }
  }

  async getLogstore(name: string, signal?: AbortSignal): Promise<LogstoreInfo> {
    return this.#caller.call(getLogstoreCall(name), signal, readLogstore)
  }

  /** Rejects with `ConsumerGroupAlreadyExist` where there is one of that name. */
  async createConsumerGroup(logstore: string, group: ConsumerGroup, signal?: AbortSignal): Promise<void> {
    return this.#caller.call(createConsumerGroupCall(logstore, group), signal, readNothing)
  }

  /** Changes the time-out (seconds) or the order of a group that exists. */
  async updateConsumerGroup(
    logstore: string,
    group: string,
    settings: ConsumerGroupSettings,
    signal?: AbortSignal
  ): Promise<void> {
    return this.#caller.call(updateConsumerGroupCall(logstore, group, settings), signal, readNothing)
  }

  async listConsumerGroups(logstore: string, signal?: AbortSignal): Promise<ConsumerGroup[]> {
    return this.#caller.call(listConsumerGroupsCall(logstore), signal, readConsumerGroups)
  }

  /** Reports the shards that `consumer` holds (none at its first call); resolves to those that it should hold. */
  async heartbeat(
    logstore: string,
    group: string,
    consumer: string,
    shards: readonly number[],
    signal?: AbortSignal
  ): Promise<number[]> {
    return this.#caller.call(heartbeatCall(logstore, group, consumer, shards), signal, readHeartbeat)
  }

  async updateCheckpoint(request: CheckpointUpdate, signal?: AbortSignal): Promise<void> {
    return this.#caller.call(updateCheckpointCall(request), signal, readNothing)
  }

  /** The checkpoints of all shards that have one, or of one shard. */
  async getCheckpoints(
    logstore: string,
    group: string,
    shard?: number,
    signal?: AbortSignal
  ): Promise<ShardCheckpoint[]> {
    return this.#caller.call(getCheckpointsCall(logstore, group, shard), signal, readCheckpoints)
  }

  /** Unix milliseconds by the service's clock, as far as its answers showed that this machine's is off. */
  now(): number {
    return this.#caller.clock.now()
  }

  /** Milliseconds that the service's clock is ahead of this machine's; 0 where they agree within a minute. */
  get clockOffset(): number {
    return this.#caller.clock.offset
  }

  stats(): ClientStats {
    return this.#caller.stats()
  }

  /** Closes all connections; calls in flight and later ones reject with `Closed`. */
  close(): void {
    this.#caller.close()
  }
}

function repeatedPage(): SlsError {
  return new SlsError('BadResponse', 'ListLogStores: a page holds only names of the pages before it', {
    retryability: 'transient'
  })
}

/** @throws SlsError `BadResponse` where an error comes as if it were a success. */
function readNothing(response: ServiceResponse): void {
  if (response.body.length > 0 && reportsError(response.body))
    throw badResponse(response, 'success is stated, but the body reports an error')
}
