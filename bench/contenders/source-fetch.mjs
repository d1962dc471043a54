// A plain reader as one writes it in an afternoon: fetch, native lz4, protobufjs 8 by reflection. It does not even sign.
import { require } from '../paths.mjs'
import { protobufjs } from '../peers/protobufjs-messages.mjs'
import { readShards } from '../peers/pulling.mjs'

const lz4 = require('lz4')

export async function open({ connection }) {
  const { decodeList } = protobufjs('reflection')
  const pull = async (logstore, shard, cursor, count) => {
    const query = new URLSearchParams({ type: 'log', cursor, count: String(count) })
    const response = await fetch(`${connection.endpoint}/logstores/${logstore}/shards/${shard}?${query}`, {
      headers: { 'accept-encoding': 'lz4', 'x-log-apiversion': '0.6.0' }
    })
    if (!response.ok) throw new Error(`HTTP ${response.status}`)
    const block = Buffer.from(await response.arrayBuffer())
    const body = Buffer.allocUnsafe(Number(response.headers.get('x-log-bodyrawsize')))
    if (lz4.decodeBlock(block, body) !== body.length) throw new Error('the block is damaged')
    return { body, next: response.headers.get('x-log-cursor') }
  }
  return { read: ({ logstore, logs }) => readShards(logstore, logs, pull, decodeList) }
}
