import { type CompressionName, compressionNames } from '../model'
import { checkedBytes, checkedObject, oneOf, optionalText, whole } from '../option-checks'
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

/** @throws SlsError `InvalidOption` naming the part of the request that is wrong */
export function putLogsCall(request: PutLogsRequest): ServiceCall {
  const { body, rawSize, compression } = checkedObject('request', request)
  checkedBytes('body', body)
  whole('rawSize', rawSize, 0, Number.MAX_SAFE_INTEGER)
  oneOf('compression', compression, compressionNames)
  const hashKey = optionalText('hashKey', request.hashKey)
  const headers: Record<string, string> = {
    'content-type': 'application/x-protobuf',
    'x-log-bodyrawsize': String(rawSize)
  }
  if (compression !== 'none') headers['x-log-compresstype'] = compression
  const shards = `${logstorePath(request.logstore)}/shards`
  return {
    api: 'PutLogs',
    logstore: request.logstore,
    method: 'POST',
    path: hashKey === undefined ? `${shards}/lb` : `${shards}/route`,
    query: hashKey === undefined ? [] : [['key', hashKey]],
    headers,
    body
  }
}
