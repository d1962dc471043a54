// The transport of @alicloud/sls20201230, which decompresses too, and protobufjs 8 (static code) behind it.
import { openapiTransport } from '../peers/openapi-transport.mjs'
import { protobufjs } from '../peers/protobufjs-messages.mjs'
import { readShards } from '../peers/pulling.mjs'

export async function open({ connection }) {
  const { pullLogs } = openapiTransport(connection)
  const { decodeList } = protobufjs('static')
  return { read: ({ logstore, logs }) => readShards(logstore, logs, pullLogs, decodeList) }
}
