import type { ConsumerGroup, ShardCheckpoint } from '../model'
import { checkedObject, invalid, optionalText, text, truth, whole } from '../option-checks'
import { JsonValue } from '../response-json'
import type { QueryParameter } from '../signable-request'
import type { ServiceCall, ServiceResponse } from '../signed-call'
import { checkedShard, consumerGroupPath, consumerGroupsPath } from './resource-path'

export type ConsumerGroupSettings = Partial<Omit<ConsumerGroup, 'name'>>

export interface CheckpointUpdate {
  logstore: string
  group: string
  shard: number
  /** Of the next log group to read. */
  cursor: string
  /** Who commits; must be the shard's holder unless forced. */
  consumer?: string | undefined
  /** Needed where no consumer is named. */
  force: boolean
}

/** @throws SlsError `InvalidOption` naming the setting that is wrong, as the other calls do */
export function createConsumerGroupCall(logstore: string, group: ConsumerGroup): ServiceCall {
  const { name, timeout, order } = checkedObject('group', group)
  text('name', name)
  checkTimeout(timeout)
  truth('order', order)
  return {
    api: 'CreateConsumerGroup',
    logstore,
    consumerGroup: name,
    method: 'POST',
    path: consumerGroupsPath(logstore),
    ...json({ consumerGroup: name, timeout, order })
  }
}

/** Seconds. */
function checkTimeout(timeout: unknown): void {
  whole('timeout', timeout, 1, Number.MAX_SAFE_INTEGER)
}

/** What is not given stays as it is. */
export function updateConsumerGroupCall(
  logstore: string,
  name: string,
  settings: ConsumerGroupSettings
): ServiceCall {
  const { timeout, order } = checkedObject('settings', settings)
  if (timeout !== undefined) checkTimeout(timeout)
  if (order !== undefined) truth('order', order)
  return {
    api: 'UpdateConsumerGroup',
    logstore,
    consumerGroup: name,
    method: 'PUT',
    path: consumerGroupPath(logstore, name),
    ...json({ timeout, order })
  }
}

export function listConsumerGroupsCall(logstore: string): ServiceCall {
  return { api: 'ListConsumerGroup', logstore, method: 'GET', path: consumerGroupsPath(logstore) }
}

/** SDKs read a bare array; the documentation shows it within an object. */
export function readConsumerGroups(response: ServiceResponse): ConsumerGroup[] {
  return bareOrWithin(response, 'consumerGroups').map((group) => ({
    name: group.get('name').text(),
    timeout: group.get('timeout').natural(),
    order: group.get('order').isMissing ? false : group.get('order').boolean()
  }))
}

export function heartbeatCall(
  logstore: string,
  group: string,
  consumer: string,
  shards: readonly number[]
): ServiceCall {
  return {
    api: 'HeartBeat',
    logstore,
    consumerGroup: group,
    method: 'POST',
    path: consumerGroupPath(logstore, group),
    query: [
      ['type', 'heartbeat'],
      ['consumer', text('consumer', consumer)]
    ],
    ...json(checkedShards(shards))
  }
}

function checkedShards(shards: unknown): number[] {
  if (Array.isArray(shards)) return shards.map(checkedShard)
  throw invalid('shards', 'shards must be an array of shard ids')
}

/** The shards that the consumer should hold. */
export function readHeartbeat(response: ServiceResponse): number[] {
  return bareOrWithin(response, 'shards').map((shard) => shard.natural())
}

export function updateCheckpointCall(update: CheckpointUpdate): ServiceCall {
  const { cursor, consumer, force } = checkedObject('request', update)
  return {
    api: 'UpdateCheckPoint',
    logstore: update.logstore,
    consumerGroup: update.group,
    method: 'POST',
    path: consumerGroupPath(update.logstore, update.group),
    query: [
      ['type', 'checkpoint'],
      ['consumer', optionalText('consumer', consumer) ?? ''],
      ['forceSuccess', String(truth('force', force))]
    ],
    ...json({ shard: checkedShard(update.shard), checkpoint: text('cursor', cursor) })
  }
}

export function getCheckpointsCall(logstore: string, group: string, shard: number | undefined): ServiceCall {
  const query: QueryParameter[] = shard === undefined ? [] : [['shard', String(checkedShard(shard))]]
  return {
    api: 'GetCheckPoint',
    logstore,
    consumerGroup: group,
    method: 'GET',
    path: consumerGroupPath(logstore, group),
    query
  }
}

export function readCheckpoints(response: ServiceResponse): ShardCheckpoint[] {
  return JsonValue.of(response)
    .items()
    .map((entry) => ({
      shard: entry.get('shard').natural(),
      cursor: entry.get('checkpoint').isMissing ? '' : entry.get('checkpoint').text(),
      updateTime: entry.get('updateTime').isMissing ? 0 : milliseconds(entry.get('updateTime').natural()),
      consumer: entry.get('consumer').isMissing ? '' : entry.get('consumer').text()
    }))
}

/** The service documents seconds and sends microseconds: the size tells them (and milliseconds) apart. */
function milliseconds(time: number): number {
  if (time >= 1e14) return Math.floor(time / 1000)
  return time >= 1e11 ? time : time * 1000
}

function bareOrWithin(response: ServiceResponse, name: string): JsonValue[] {
  const value = JsonValue.of(response)
  return value.isArray ? value.items() : value.get(name).items()
}

function json(value: unknown): Pick<ServiceCall, 'headers' | 'body'> & { body: Buffer } {
  const body = Buffer.from(JSON.stringify(value))
  return { headers: { 'content-type': 'application/json', 'x-log-bodyrawsize': String(body.length) }, body }
}
