// What it costs to wait, to hold and to begin: idle shards, memory at its limits, loading the nodes.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { Contender } from './contender.mjs'
import { median } from './measure.mjs'
import { root } from './paths.mjs'
import { accept, figure, mebibytes, percent, table } from './report.mjs'
import { startStub } from './services.mjs'

const IDLE_MILLISECONDS = 30_000
/** By then each shard waits as long between pulls as it ever does, and V8 has compiled what that takes. */
const SETTLE_MILLISECONDS = 120_000
const SHARDS = 100
const NODES = 20
const HOLD_MILLISECONDS = 6000
const LOADS = 5

export async function idle() {
  const stub = await startStub()
  const { connection } = stub
  const properties = { logstores: `idle_0_0_${SHARDS / NODES}`, nodes: NODES }
  const nodeRed = await Contender.start('node-red', { connection, kind: 'many', properties })
  const engine = await Contender.start('source-engine', { connection })
  const one = await engine.run('idle', {
    logstore: `idle_0_0_${SHARDS}`,
    milliseconds: IDLE_MILLISECONDS,
    settle: SETTLE_MILLISECONDS
  })
  await engine.close()
  const before = await stub.counts()
  const many = await nodeRed.run('idle', { milliseconds: IDLE_MILLISECONDS })
  const pulls = (await stub.counts()).pulls - before.pulls
  await nodeRed.close()
  const row = (what, { cpu, wall }, calls) => [
    what,
    percent(cpu / wall),
    figure(calls / SHARDS / wall),
    figure((cpu / calls) * 1000)
  ]
  table(
    `Idle shards, ${IDLE_MILLISECONDS / 1000} s`,
    ['what', 'of a core', 'pulls/s a shard', 'CPU ms/pull'],
    [
      row(`a source, ${SHARDS} shards`, one, one.result.calls),
      row(`Node-RED, ${NODES} sls-in with ${SHARDS / NODES} shards each`, many, pulls)
    ]
  )
  accept('100 idle shards, of a core', (one.cpu / one.wall) * 100, 2, { unit: '%', most: true })
  accept('100 idle shards, pulls a second a shard', one.result.calls / SHARDS / one.wall, 1, {
    unit: '/s',
    most: true
  })
  await stub.close()
}

export async function memory() {
  const stub = await startStub()
  const { connection } = stub
  const sink = await Contender.start('sink-engine', { connection })
  await sink.run('write', { data: 'access', logs: 2000 })
  const written = await sink.run('overfill', { data: 'access', milliseconds: HOLD_MILLISECONDS })
  await sink.close()
  const source = await Contender.start('source-engine', { connection })
  await source.run('read', { logstore: 'access_2000_4_2', logs: 16_000 })
  const read = await source.run('hold', { logstore: 'access_2000_12_4', milliseconds: HOLD_MILLISECONDS })
  await source.close()
  const bounds = { sink: 104_857_600 * 1.5, source: 67_108_864 * 2 }
  const row = (what, { idleRss, peakRss, result }, bound) => [
    what,
    ...[result.most, idleRss, peakRss, peakRss - idleRss, bound].map(mebibytes)
  ]
  table(
    'Memory at its limits, MiB',
    ['what', 'held at most', 'RSS before', 'peak RSS', 'over before', 'allowed'],
    [
      row('sink, the service slow, totalBytes 100 MiB', written, bounds.sink),
      row('source, acknowledged late, memoryLimit 64 MiB', read, bounds.source)
    ]
  )
  const over = ({ idleRss, peakRss }) => (peakRss - idleRss) / 1024 / 1024
  accept('sink: RSS over idle', over(written), 150, { unit: 'MiB', most: true })
  accept('source: RSS over idle', over(read), 128, { unit: 'MiB', most: true })
  await stub.close()
}

export async function cold() {
  const script = `
    require('node-red')
    const cpu = process.cpuUsage()
    const began = performance.now()
    for (const node of ['sls-config', 'sls-in', 'sls-out']) require(${JSON.stringify(join(root, 'dist/nodes'))} + '/' + node + '.js')
    const { user, system } = process.cpuUsage(cpu)
    console.log(JSON.stringify({ wall: performance.now() - began, cpu: (user + system) / 1000 }))`
  const loads = Array.from({ length: LOADS }, () =>
    JSON.parse(execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' }))
  )
  const wall = median(loads.map((load) => load.wall))
  const cpu = median(loads.map((load) => load.cpu))
  table(
    `Loading the three nodes beside Node-RED, median of ${LOADS} new processes`,
    ['', 'wall ms', 'CPU ms'],
    [['require', figure(wall), figure(cpu)]]
  )
  accept('require of the three nodes', wall, 150, { unit: 'ms', most: true })
}
