import type { CursorPosition, Shard, ShardStatus } from '../model'
import { invalid, text } from '../option-checks'
import { badResponse, JsonValue } from '../response-json'
import type { ServiceCall, ServiceResponse } from '../signed-call'
import { logstorePath, shardPath } from './resource-path'

export function listShardsCall(logstore: string): ServiceCall {
  return { api: 'ListShards', logstore, method: 'GET', path: `${logstorePath(logstore)}/shards` }
}

export function readShards(response: ServiceResponse): Shard[] {
  return JsonValue.of(response)
    .items()
    .map((shard) => ({
      shardId: shard.get('shardID').natural(),
      status: shardStatus(shard.get('status').text(), response),
      inclusiveBeginKey: shard.get('inclusiveBeginKey').text().toLowerCase(),
      exclusiveEndKey: shard.get('exclusiveEndKey').text().toLowerCase(),
      createTime: shard.get('createTime').isMissing ? 0 : shard.get('createTime').natural()
    }))
}

function shardStatus(status: string, response: ServiceResponse): ShardStatus {
  if (status === 'readwrite' || status === 'readonly') return status
  throw badResponse(response, 'a shard is neither readwrite nor readonly')
}

/** @throws SlsError `InvalidOption` where `from` is neither begin nor end nor a Unix second. */
export function getCursorCall(logstore: string, shard: number, from: CursorPosition): ServiceCall {
  const isTime = typeof from === 'number' && Number.isSafeInteger(from) && from >= 0
  if (!isTime && from !== 'begin' && from !== 'end')
    throw invalid('position', 'position is not a time: expected begin, end or whole Unix seconds')
  return {
    api: 'GetCursor',
    logstore,
    method: 'GET',
    path: shardPath(logstore, shard),
    query: [
      ['type', 'cursor'],
      ['from', String(from)]
    ]
  }
}

export function readCursor(response: ServiceResponse): string {
  const cursor = JsonValue.of(response).get('cursor').text()
  if (cursor === '') throw badResponse(response, 'the cursor is empty')
  return cursor
}

export function getCursorTimeCall(logstore: string, shard: number, cursor: string): ServiceCall {
  return {
    api: 'GetCursorTime',
    logstore,
    method: 'GET',
    path: shardPath(logstore, shard),
    query: [
      ['type', 'cursor_time'],
      ['cursor', text('cursor', cursor)]
    ]
  }
}

export function readCursorTime(response: ServiceResponse): number {
  return JsonValue.of(response).get('cursor_time').natural()
}
