import path from 'node:path'
import { Collector } from './collector'
import { EmulatorProcess } from './emulator-process'
import { connection, type Delivery, deliveringTo, tab, writingOverHttp } from './flows'
import { makeUserDir, NodeRedProcess, removeUserDir } from './node-red-process'
import { expectEachOnce, indexed, postRecords } from './records'

describe('A Node-RED whose sls-out puts everything on disk first', function () {
  this.timeout(120_000)

  it('is killed while SLS is away, started again, and delivers every log that was done, once', async () => {
    const userDir = await makeUserDir()
    const data = path.join(userDir, 'of-the-emulator')
    const args = ['--project', 'test', '--logstore', 'logs:2', '--data', data]
    let sls = await EmulatorProcess.start(...args)
    const collector = await Collector.start<Delivery>()
    const writing = writingOverHttp('logs').map((node) =>
      node.type === 'sls-out' ? { ...node, spool: 'always' } : node
    )
    let nodeRed = await NodeRedProcess.start(userDir, {
      flow: [tab, connection(sls), ...writing, ...deliveringTo(collector.url, { logstores: 'logs' })]
    })
    try {
      await postRecords(nodeRed.url, indexed(0, 100))
      await collector.until('the first logs', (received) => received.length === 100)
      await sls.stop()
      for (let start = 100; start < 1000; start += 100)
        await postRecords(nodeRed.url, indexed(start, start + 100))
      await nodeRed.kill()
      sls = await EmulatorProcess.start(...args, '--port', String(sls.port))
      nodeRed = await NodeRedProcess.start(userDir)
      await postRecords(nodeRed.url, indexed(1000, 1100))
      await collector.until('all logs', (received) => received.length >= 1100)
      expectEachOnce(collector.received, 1100)
    } finally {
      await nodeRed.stop()
      await collector.close()
      await sls.stop()
      await removeUserDir(userDir)
    }
  })
})
