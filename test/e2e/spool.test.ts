import assert from 'node:assert/strict'
import path from 'node:path'
import { Collector } from './collector'
import { EmulatorProcess } from './emulator-process'
import { connection, type Delivery, deliveringTo, tab, writingOverHttp } from './flows'
import { makeUserDir, NodeRedProcess, removeUserDir } from './node-red-process'
import { indexed, postRecords } from './records'

describe('A Node-RED whose sls-out puts everything on disk first', function () {
  this.timeout(120_000)

  it('is killed while SLS is away, started again, and delivers every log that was done', async () => {
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
      const distinct = () => new Map(collector.received.map(({ record }) => [record['index'], record]))
      await collector.until('all logs', () => distinct().size === 1100)
      const byIndex = [...distinct().values()].sort((a, b) => Number(a['index']) - Number(b['index']))
      assert.deepEqual(byIndex, indexed(0, 1100))
      const counts = new Map<number, number>()
      for (const { record } of collector.received) {
        const index = Number(record['index'])
        counts.set(index, (counts.get(index) ?? 0) + 1)
      }
      const again = [...counts].filter(([, count]) => count > 1).map(([index]) => index)
      // Sent, or delivered, so shortly before the kill that nothing of it was written down yet.
      assert.ok(again.every((index) => index < 100))
      console.log(`        1100 logs: 0 lost, ${again.length} more than once`)
    } finally {
      await nodeRed.stop()
      await collector.close()
      await sls.stop()
      await removeUserDir(userDir)
    }
  })
})
