// The transport of @alicloud/sls20201230 fed by protobufjs 8 (static code) and native lz4.
import { dataSets } from '../data.mjs'
import { require, root } from '../paths.mjs'
import { openapiTransport } from '../peers/openapi-transport.mjs'
import { postAll } from '../peers/posting.mjs'
import { protobufjs } from '../peers/protobufjs-messages.mjs'

const lz4 = require('lz4')

export async function open({ connection }) {
  const transport = openapiTransport(connection)
  const { encode } = protobufjs('static')
  return {
    async write({ data, logs, logstore = data }) {
      const set = dataSets(root, 2000)[data]
      return postAll(logs, () => {
        const raw = encode(set)
        const block = Buffer.allocUnsafe(lz4.encodeBound(raw.length))
        return transport.putLogs(logstore, block.subarray(0, lz4.encodeBlock(raw, block)), raw.length)
      })
    }
  }
}
