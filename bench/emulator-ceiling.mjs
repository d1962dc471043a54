// How much the emulator can take and give: raw sockets that repeat finished bytes, so that the client costs next to
// nothing. Build first (npm run build), then: node bench/emulator-ceiling.mjs [seconds]
import { spawn } from 'node:child_process'
import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)
const { LogGroupEncoder } = require(join(root, 'dist/engine/client/codec/log-group-encoder.js'))
const { compress } = require(join(root, 'dist/engine/client/compression/compression.js'))

const seconds = Number(process.argv[2] ?? 3)
const CONNECTIONS = 4
const TICKS_PER_SECOND = 100

const emulator = spawn(
  process.execPath,
  [join(root, 'dist/emulator/cli.js'), '--port', '0', '--logstore', 'bench:4', '--memory', '1g'],
  { stdio: ['ignore', 'pipe', 'inherit'] }
)
const [line] = await once(createInterface(emulator.stdout), 'line')
const { endpoint, accessKeyId, accessKeySecret } = JSON.parse(line)
const port = Number(new URL(endpoint).port)

/** The bytes of a signed request; they stay valid for a quarter of an hour. */
function request(method, target, headers = {}, body = Buffer.alloc(0)) {
  const all = {
    date: new Date().toUTCString(),
    'x-log-apiversion': '0.6.0',
    'x-log-signaturemethod': 'hmac-sha1',
    ...(body.length === 0
      ? {}
      : { 'content-md5': createHash('md5').update(body).digest('hex').toUpperCase() }),
    ...headers
  }
  const signed = Object.keys(all)
    .filter((name) => name.startsWith('x-log-'))
    .sort()
    .map((name) => `${name}:${all[name]}\n`)
    .join('')
  const [path, query] = target.split('?')
  const resource =
    query === undefined
      ? path
      : `${path}?${[...new URLSearchParams(query)]
          .map((pair) => pair.join('='))
          .sort()
          .join('&')}`
  const text = `${method}\n${all['content-md5'] ?? ''}\n${all['content-type'] ?? ''}\n${all.date}\n${signed}${resource}`
  const signature = createHmac('sha1', accessKeySecret).update(text).digest('base64')
  const head = [
    `${method} ${target} HTTP/1.1`,
    'host: demo.127.0.0.1',
    ...Object.entries(all).map(([name, value]) => `${name}: ${value}`),
    `authorization: LOG ${accessKeyId}:${signature}`,
    `content-length: ${body.length}`
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}

/** Sends the bytes again and again over one connection; the number of answers with status 200. */
function repeat(bytes, until) {
  return new Promise((resolve, reject) => {
    let answers = 0
    let missing = 0
    let head = Buffer.alloc(0)
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      if (missing > 0) {
        missing -= chunk.length
      } else {
        head = Buffer.concat([head, chunk])
        const end = head.indexOf('\r\n\r\n')
        if (end < 0) return
        const text = head.toString('latin1', 0, end)
        if (!text.startsWith('HTTP/1.1 200')) reject(new Error(head.toString('latin1')))
        missing = Number(/content-length: (\d+)/i.exec(text)[1]) - (head.length - end - 4)
        head = Buffer.alloc(0)
      }
      if (missing > 0) return
      answers++
      if (performance.now() < until) socket.write(bytes)
      else {
        socket.destroy()
        resolve(answers)
      }
    })
  })
}

/** Seconds of CPU that the emulator has used. */
function cpuSeconds() {
  const fields = readFileSync(`/proc/${emulator.pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

async function measure(what, bytes, logsEach, rawEach) {
  await repeat(bytes, performance.now() + 300)
  const cpu = cpuSeconds()
  const start = performance.now()
  const loops = Array.from({ length: CONNECTIONS }, () => repeat(bytes, start + seconds * 1000))
  const answers = (await Promise.all(loops)).reduce((sum, count) => sum + count, 0)
  const took = (performance.now() - start) / 1000
  const logs = answers * logsEach
  const row = {
    what,
    'calls/s': Math.round(answers / took),
    'logs/s': Math.round(logs / took),
    'raw MB/s': Math.round((answers * rawEach) / took / 1e6),
    'CPU s per 1M logs': Number((((cpuSeconds() - cpu) / logs) * 1e6).toFixed(2))
  }
  return row
}

function group(logs) {
  const encoder = new LogGroupEncoder({ topic: 'bench' })
  const time = Math.floor(Date.now() / 1000)
  for (let i = 0; i < logs; i++) {
    encoder.append({
      time,
      contents: {
        remote_addr: `10.0.${i % 256}.${(i * 7) % 256}`,
        method: i % 5 === 0 ? 'POST' : 'GET',
        uri: `/api/v1/devices/${(i * 7919) % 100_000}/telemetry`,
        status: '200',
        bytes: String((i * 31) % 90_000),
        user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0',
        latency_ms: String(i % 900),
        trace: createHash('md5').update(String(i)).digest('hex')
      }
    })
  }
  return encoder.finish()
}

async function put(logs, compression) {
  const raw = group(logs)
  const body = await compress(compression, raw)
  const headers = {
    'content-type': 'application/x-protobuf',
    'x-log-bodyrawsize': String(raw.length),
    ...(compression === 'none' ? {} : { 'x-log-compresstype': compression })
  }
  return { bytes: request('POST', '/logstores/bench/shards/lb', headers, body), raw: raw.length }
}

async function json(target) {
  const url = new URL(target, endpoint)
  return (await fetch(url)).json()
}

const rows = []
for (const [logs, compression] of [
  [2000, 'lz4'],
  [2000, 'none'],
  [100, 'lz4'],
  [1, 'none']
]) {
  const { bytes, raw } = await put(logs, compression)
  rows.push(await measure(`put ${logs} logs, ${compression}`, bytes, logs, raw))
}
await fetch(new URL('/_emulator/faults', endpoint), {
  method: 'POST',
  body: JSON.stringify({ kind: 'expireCursors' })
})
const { bytes } = await put(2000, 'lz4')
await repeat(bytes, performance.now() + 500)
const { projects } = await json('/_emulator/stats')
const [shard] = projects.demo.bench.shards
const cursor = encodeURIComponent(Buffer.from(shard.beginCursor).toString('base64'))
for (const [count, accept] of [
  [10, 'lz4'],
  [10, ''],
  [1, 'lz4']
]) {
  const pull = request('GET', `/logstores/bench/shards/0?count=${count}&cursor=${cursor}&type=log`, {
    'accept-encoding': accept
  })
  const groups = Math.min(count, shard.groups)
  rows.push(
    await measure(
      `pull ${groups} groups of 2000, ${accept || 'none'}`,
      pull,
      groups * 2000,
      (groups * shard.bytes) / shard.groups
    )
  )
}
console.table(rows)
emulator.kill()
