// The parts of which reading and writing are made, each alone: what is left to gain and what is physics.
import { createHash } from 'node:crypto'
import { Agent, request } from 'node:http'
import { dataSets } from './data.mjs'
import { interleave, median } from './measure.mjs'
import { built, root } from './paths.mjs'
import { figure, table } from './report.mjs'
import { startStub } from './services.mjs'

const ROUNDS = 3
const GROUP_SIZE = 2000

const { LogGroupEncoder } = built('engine/client/codec/log-group-encoder.js')
const { parseLogGroup } = built('engine/client/codec/log-group-list.js')
const { lz4, selectLz4 } = built('engine/client/compression/lz4.js')

function partsOf({ records, times }) {
  const encoder = new LogGroupEncoder({ topic: 'bench', source: '10.0.0.1' })
  for (const [index, contents] of records.entries()) encoder.append({ time: times[index], contents })
  const raw = Buffer.from(encoder.finish())
  const copy = Buffer.allocUnsafeSlow(raw.length)
  const implementations = ['native', 'typescript'].flatMap((name) => (selectLz4(name) ? [[name, lz4()]] : []))
  selectLz4('native')
  const block = Buffer.allocUnsafeSlow(lz4().bound(raw.length))
  const size = lz4().encode(raw, block)
  const packed = Buffer.from(block.subarray(0, size))
  const parts = { copy: () => raw.copy(copy) }
  for (const [name, codec] of implementations) {
    parts[`lz4 ${name}, in`] = () => codec.encode(raw, block)
    parts[`lz4 ${name}, out`] = () => codec.decode(packed, copy)
  }
  parts['SHA-256 of the block'] = () => createHash('sha256').update(packed).digest('hex')
  parts['MD5 of the block'] = () => createHash('md5').update(packed).digest('hex')
  parts['frames of a group'] = () => parseLogGroup(raw).logCount
  return { parts, raw, packed }
}

/** CPU seconds of a bare node:http post of these bytes, in this process. */
async function post(endpoint, body, times) {
  const agent = new Agent({ keepAlive: true })
  const once = () =>
    new Promise((resolve, reject) => {
      const outgoing = request(`${endpoint}/logstores/x/shards/lb`, {
        method: 'POST',
        agent,
        headers: { 'content-length': body.length, 'x-log-bodyrawsize': '0' }
      })
      outgoing.on('error', reject)
      outgoing.on('response', (incoming) => incoming.resume().on('end', resolve))
      outgoing.end(body)
    })
  const values = []
  for (let round = 0; round < ROUNDS + 1; round++) {
    const before = process.cpuUsage()
    for (let count = 0; count < times; count++) await once()
    const { user, system } = process.cpuUsage(before)
    if (round > 0) values.push((user + system) / 1e6 / times)
  }
  agent.destroy()
  return median(values)
}

export async function costs() {
  const stub = await startStub()
  const rows = []
  for (const [name, data] of Object.entries(dataSets(root, GROUP_SIZE))) {
    const { parts, raw, packed } = partsOf(data)
    const measured = interleave(parts, ROUNDS)
    const perLog = (seconds) => (seconds / GROUP_SIZE) * 1e6
    rows.push([
      name,
      `${Math.round(raw.length / GROUP_SIZE)} / ${Math.round(packed.length / GROUP_SIZE)}`,
      ...Object.values(measured).map((values) => figure(perLog(median(values)))),
      figure(perLog(await post(stub.connection.endpoint, packed, 40)))
    ])
    if (name === 'access') rows.head = Object.keys(measured)
  }
  table(
    'Parts of a log, CPU us, groups of 2,000',
    ['data', 'bytes raw / lz4', ...rows.head, 'bare post'],
    rows
  )
  await stub.close()
}
