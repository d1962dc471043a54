import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { ClientOptions } from '../../engine/client/options'
import { SlsSink } from '../../engine/sink/sink'
import { SlsSource } from '../../engine/source/source'
import { EmulatorProcess } from './emulator-process'
import { readExamples } from './examples'
import { type FlowNode, makeUserDir, NodeRedProcess, removeUserDir } from './node-red-process'

describe('An example flow does what it says', function () {
  this.timeout(90_000)
  let sls: EmulatorProcess
  let client: ClientOptions
  let userDir: string
  let nodeRed: NodeRedProcess

  before(async () => {
    userDir = await makeUserDir()
    nodeRed = await NodeRedProcess.start(userDir)
  })

  after(async () => {
    await nodeRed.stop()
    await removeUserDir(userDir)
  })

  beforeEach(async () => {
    sls = await EmulatorProcess.start(
      '--project',
      'my-project',
      '--logstore',
      'my-logstore:2',
      '--logstore',
      'my-results'
    )
    const { endpoint, project, accessKeyId, accessKeySecret } = sls
    client = { endpoint, project, credentials: { accessKeyId, accessKeySecret } }
  })

  afterEach(async () => {
    await nodeRed.deploy([])
    await sls.stop()
  })

  /** Deploys the example, connected to the emulator, with the shortest waits. */
  async function deploy(name: string, change = (node: FlowNode): FlowNode => node): Promise<FlowNode[]> {
    const example = (await readExamples()).find((each) => each.name === name)
    assert.ok(example !== undefined, name)
    const { accessKeyId, accessKeySecret } = sls
    await nodeRed.deploy(
      example.flow.map((node) => {
        if (node.type === 'sls-out') return { ...node, flushInterval: 50 }
        if (node.type !== 'sls-config') return change(node)
        return { ...node, endpoint: sls.endpoint, credentials: { accessKeyId, accessKeySecret } }
      })
    )
    return example.flow
  }

  async function press(flow: readonly FlowNode[]): Promise<void> {
    for (const { id } of flow.filter(({ type }) => type === 'inject')) {
      const response = await fetch(`${nodeRed.url}/inject/${id}`, { method: 'POST' })
      assert.ok(response.ok)
    }
  }

  async function write(records: readonly Record<string, string>[]): Promise<void> {
    const sink = new SlsSink({ client, logstore: 'my-logstore', flushInterval: 0, maxLines: 20 })
    const time = Math.floor(Date.now() / 1000)
    await sink.write({ logs: records.map((contents) => ({ time, contents })) })
    await sink.close()
  }

  interface Read {
    record: Record<string, string>
    topic: string
    source: string
  }

  /** The logs of a logstore, as soon as there are `count` of them. */
  async function read(logstore: string, count: number): Promise<Read[]> {
    const source = new SlsSource({ client, logstores: logstore, fetchInterval: 20 })
    const logs: Read[] = []
    for await (const batch of source) {
      for (const group of batch.groups) {
        for (const record of group.records().records) {
          logs.push({ record, topic: group.topic, source: group.source })
        }
      }
      if (logs.length >= count) break
    }
    await source.close()
    return logs
  }

  it('write-logs: an object, an array and a text', async () => {
    await press(await deploy('write-logs'))
    const records = (await read('my-logstore', 4)).map(({ record }) => JSON.stringify(record))
    assert.deepEqual(
      new Set(records),
      new Set([
        '{"level":"info","user":"li","action":"login"}',
        '{"level":"info","n":"1"}',
        '{"level":"warn","n":"2"}',
        '{"message":"the door is open"}'
      ])
    )
  })

  it('at-least-once: writes a result for every log, beside one that cannot be worked on', async () => {
    await write(Array.from({ length: 100 }, (_, n) => ({ n: String(n), bytes: String(n * 1024) })))
    await write([{ n: 'bad', bytes: 'unknown' }])
    await deploy('at-least-once')
    const results = await read('my-results', 100)
    assert.deepEqual(
      new Map(results.map(({ record }) => [record['n'], record['kilobytes']])),
      new Map(Array.from({ length: 100 }, (_, n) => [String(n), n.toFixed(1)]))
    )
    assert.equal(new Set(results.map(({ record }) => record['from'])).size, 100)
  })

  it('read-in-batches: counts the errors of each minute', async () => {
    await write([{ status: '200' }, { status: '500' }, { status: '503' }, { path: 'without a status' }])
    await deploy('read-in-batches', (node) =>
      node.type === 'sls-in' ? { ...node, position: 'begin' } : node
    )
    const [counted] = await read('my-results', 1)
    assert.equal(counted?.record['count'], '2')
    assert.match(String(counted?.record['minute']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000Z$/)
  })

  it('iot-gateway: a reading bears its device, topic and gateway, by way of the disk', async () => {
    const flow = await deploy('iot-gateway')
    await press(flow)
    const [reading] = await read('my-logstore', 1)
    assert.equal(reading?.topic, 'plant/press-1/telemetry')
    assert.equal(reading?.source, 'gateway-1')
    const { at, ...values } = reading?.record ?? {}
    assert.deepEqual(values, { device: 'press-1', temperature: '71.4', pressure: '2.1' })
    assert.ok(Math.abs(Date.parse(String(at)) - Date.now()) < 60_000)
    const writing = flow.find(({ type }) => type === 'sls-out')
    const spool = await readdir(path.join(userDir, 'sls-spool', String(writing?.id)))
    assert.ok(spool.includes('lock'), 'the spool is not in use')
  })

  it('read-logs: a message a log', async () => {
    await write([{ n: '1' }, { n: '2' }])
    const mark = nodeRed.logMark
    const logging = {
      type: 'function',
      func: 'node.log("read " + msg.payload.n + " " + msg.sls.id)',
      libs: []
    }
    await deploy('read-logs', (node) =>
      node['name'] === 'record, and msg.sls' ? { ...node, ...logging } : node
    )
    for (const n of [1, 2]) {
      await nodeRed.logged(new RegExp(`read ${n} my-project/my-logstore/\\d+/\\S+/\\d+$`), mark)
    }
  })
})
