import assert from 'node:assert/strict'
import { SlsSink } from '../../engine/sink/sink'
import { Collector } from './collector'
import { EmulatorProcess } from './emulator-process'
import { connection, type Delivery, deliveringTo, tab, writingOverHttp } from './flows'
import { makeUserDir, NodeRedProcess, removeUserDir } from './node-red-process'
import { expectEachOnce, indexed, postRecords } from './records'

describe('A real Node-RED', function () {
  this.timeout(120_000)
  let sls: EmulatorProcess
  let collector: Collector<Delivery>
  let userDir: string
  let nodeRed: NodeRedProcess | undefined

  beforeEach(async () => {
    sls = await EmulatorProcess.start('--project', 'test', '--logstore', 'logs:3')
    collector = await Collector.start()
    userDir = await makeUserDir()
  })

  afterEach(async () => {
    await nodeRed?.stop()
    nodeRed = undefined
    await collector.close()
    await sls.stop()
    await removeUserDir(userDir)
  })

  const flow = (slsIn: Readonly<Record<string, unknown>>) => [
    tab,
    connection(sls),
    ...writingOverHttp('logs'),
    ...deliveringTo(collector.url, { logstores: 'logs', ...slsIn })
  ]

  it('takes a flow over the admin API, is restarted, and delivers every log once, those written meanwhile too', async () => {
    nodeRed = await NodeRedProcess.start(userDir, { flow: flow({}) })
    await postRecords(nodeRed.url, indexed(0, 500))
    await collector.until('the first 500 logs', (received) => received.length >= 500)
    await nodeRed.stop()

    const sink = new SlsSink({
      client: {
        endpoint: sls.endpoint,
        project: sls.project,
        credentials: { accessKeyId: sls.accessKeyId, accessKeySecret: sls.accessKeySecret }
      },
      logstore: 'logs',
      flushInterval: 10
    })
    await sink.write({
      logs: indexed(500, 800).map((contents) => ({ time: Math.floor(Date.now() / 1000), contents }))
    })
    await sink.close()

    nodeRed = await NodeRedProcess.start(userDir)
    await postRecords(nodeRed.url, indexed(800, 1000))
    await collector.until('all logs', (received) => received.length >= 1000)
    expectEachOnce(collector.received, 1000)
  })

  for (const type of ['full', 'flows', 'nodes'] as const) {
    it(`loses nothing over a deployment of type ${type} in mid-stream`, async () => {
      nodeRed = await NodeRedProcess.start(userDir, { flow: flow({ acknowledge: 'manual' }) })
      const writing = postRecords(nodeRed.url, indexed(0, 400))
      await collector.until('the stream runs', (received) => received.length >= 50)
      await writing
      await nodeRed.deploy(flow({ acknowledge: 'manual', maxLogGroups: 10 }), type)
      await postRecords(nodeRed.url, indexed(400, 500))
      const everything = (received: readonly Delivery[]) =>
        new Set(received.map(({ record }) => record['index'])).size === 500
      await collector.until('all logs', everything)
      const ids = new Map(collector.received.map(({ record, id }) => [record['index'], id]))
      for (const { record, id } of collector.received) assert.equal(id, ids.get(record['index']))
    })
  }
})
