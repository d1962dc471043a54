import type { CompressionName } from '../model'
import type { ServiceCall } from '../signed-call'
import { logstorePath } from './resource-path'

export interface PutLogsRequest {
  logstore: string
  /** A LogGroup as it goes over the wire, that is compressed. */
  body: Buffer
  /** Bytes before compression. */
  rawSize: number
  compression: CompressionName
  /** 32 hex digits: the group goes to the shard that owns them; without, to any shard. */
  hashKey?: string | undefined
}

export function putLogsCall(request: PutLogsRequest): ServiceCall {
  const headers: Record<string, string> = {
    'content-type': 'application/x-protobuf',
    'x-log-bodyrawsize': String(request.rawSize)
  }
  if (request.compression !== 'none') headers['x-log-compresstype'] = request.compression
  const shards = `${logstorePath(request.logstore)}/shards`
  return {
    api: 'PutLogs',
    logstore: request.logstore,
    method: 'POST',
    path: request.hashKey === undefined ? `${shards}/lb` : `${shards}/route`,
    query: request.hashKey === undefined ? [] : [['key', request.hashKey]],
    headers,
    body: request.body
  }
}
