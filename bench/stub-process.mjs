// A raw stand-in for the service: it checks and stores nothing, so that it costs as little as it can. A logstore's
// name says what it holds: DATA_LOGS_GROUPS_SHARDS, such as access_2000_10_4 (groups of 2,000 logs, 10 groups a fetch,
// 4 shards, without end). `idle_0_0_100` has 100 empty shards; a put to a logstore `slow...` takes a while.
import { createServer } from 'node:http'
import { dataSets } from './data.mjs'
import { built, root } from './paths.mjs'

const SLOW_MILLISECONDS = 100

const { LogGroupEncoder } = built('engine/client/codec/log-group-encoder.js')
const { encodeLogGroupList } = built('engine/client/codec/log-group-list.js')
const { compress } = built('engine/client/compression/compression.js')

const counts = { puts: 0, pulls: 0, rawBytes: 0, bytes: 0 }
const fetches = new Map()
const identity = { 'x-log-requestid': '000000000000000000000000' }

function fetchOf(logstore) {
  let answer = fetches.get(logstore)
  if (answer === undefined) {
    answer = makeFetch(logstore)
    fetches.set(logstore, answer)
  }
  return answer
}

async function makeFetch(logstore) {
  const [data, logs, groups] = logstore.split('_')
  if (data === 'idle') return { groups: 0, raw: Buffer.alloc(0), lz4: Buffer.alloc(0) }
  const { records, times } = dataSets(root, Number(logs))[data]
  const encoder = new LogGroupEncoder({ topic: 'bench', source: '10.0.0.1', tags: [['zone', 'a']] })
  for (const [index, contents] of records.entries()) encoder.append({ time: times[index], contents })
  const raw = encodeLogGroupList(new Array(Number(groups)).fill(encoder.finish()))
  return { groups: Number(groups), raw, lz4: await compress('lz4', raw) }
}

function border(shard, count) {
  if (shard === count) return 'f'.repeat(32)
  return ((BigInt(shard) << 128n) / BigInt(count)).toString(16).padStart(32, '0')
}

function shardsOf(logstore) {
  const count = Number(logstore.split('_')[3] ?? 4)
  return Array.from({ length: count }, (_, shardID) => ({
    shardID,
    status: 'readwrite',
    inclusiveBeginKey: border(shardID, count),
    exclusiveEndKey: border(shardID + 1, count),
    createTime: 1
  }))
}

function put(request, response, logstore) {
  counts.puts++
  counts.rawBytes += Number(request.headers['x-log-bodyrawsize'])
  request.on('data', (chunk) => {
    counts.bytes += chunk.length
  })
  request.on('end', () => {
    const answer = () => response.writeHead(200, { ...identity, 'content-length': 0 }).end()
    if (logstore.startsWith('slow')) setTimeout(answer, SLOW_MILLISECONDS)
    else answer()
  })
}

async function pull(request, response, logstore, query) {
  counts.pulls++
  const { groups, raw, lz4 } = await fetchOf(logstore)
  const position = BigInt(Buffer.from(query.get('cursor'), 'base64').toString())
  const taken = /lz4/.test(request.headers['accept-encoding'] ?? '')
  const body = taken ? lz4 : raw
  const next = Buffer.from(String(position + BigInt(groups))).toString('base64')
  response
    .writeHead(200, {
      ...identity,
      'content-type': 'application/x-protobuf',
      'content-length': body.length,
      'x-log-count': groups,
      'x-log-cursor': next,
      'x-log-bodyrawsize': raw.length,
      'x-log-end-of-cursor': groups === 0 ? 1 : 0,
      'x-log-cursor-time': 1_700_000_000,
      ...(taken && groups > 0 ? { 'x-log-compresstype': 'lz4' } : {})
    })
    .end(body)
}

function json(response, value) {
  response.writeHead(200, { ...identity, 'content-type': 'application/json' }).end(JSON.stringify(value))
}

function handle(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://stub')
  const [, , logstore, , shard] = pathname.split('/')
  if (pathname === '/counts') json(response, counts)
  else if (request.method === 'POST') put(request, response, logstore)
  else if (shard === undefined) json(response, shardsOf(logstore))
  else if (searchParams.get('type') === 'cursor') json(response, { cursor: btoa('0') })
  else pull(request, response, logstore, searchParams).catch((error) => response.destroy(error))
}

const server = createServer({ keepAliveTimeout: 60_000 }, handle)
server.listen(0, '127.0.0.1', () => process.send({ endpoint: `http://127.0.0.1:${server.address().port}` }))
process.on('disconnect', () => process.exit())
