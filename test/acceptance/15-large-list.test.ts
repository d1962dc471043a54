import assert from 'node:assert/strict'
import { SlsEmulator } from '../../emulator'
import { read } from '../nodes/logstore'
import { withNodeRed } from '../nodes/runtime'
import { runs } from '../support/counts'
import { Gateway } from './support/gateway'
import { writingFlow } from './support/writing-flow'

/** What SLS takes in one request. */
const MOST_BYTES = 10 * 1024 * 1024

describe('A message of 100,000 logs, 40 MB of Chinese text', () => {
  withNodeRed()

  for (const [what, out] of [
    ['batches of the usual size', {}],
    ['the largest batches there may be', { maxLines: 40_960, maxBytes: MOST_BYTES }]
  ] as const) {
    it(`arrives in requests that SLS takes, and is done once, with ${what}`, async function () {
      this.timeout(runs(20_000, 120_000))
      const sls = await SlsEmulator.start({ quiet: true, strict: true })
      const gateway = await Gateway.before(sls)
      const flow = await writingFlow(sls, { connection: { endpoint: gateway.endpoint }, out })
      const count = runs(10_000, 100_000)
      const text = '日志服务一站式提供数据采集加工查询分析可视化告警投递等功能'.repeat(5)
      flow.send('out', { payload: Array.from({ length: count }, (_, n) => ({ n, text })) })
      const [message = {}] = await flow.take('done', 1, runs(15_000, 100_000))
      assert.equal((message['slsReceipt'] as { logs: number }).logs, count)
      const logs = await read(sls, count)
      assert.equal(new Set(logs.map(({ contents }) => contents[0]?.[1])).size, count)
      assert.ok(logs.every(({ contents }) => contents[1]?.[1] === text))
      const sizes = gateway.writes.map((headers) => Number(headers['x-log-bodyrawsize']))
      assert.ok(sizes.length > 0 && sizes.every((size) => size > 0 && size <= MOST_BYTES), String(sizes))
      assert.ok(sizes.reduce((sum, size) => sum + size, 0) > count * 400)
      await flow.stop()
      assert.deepEqual([flow.messages('done').length, flow.messages('failed').length], [1, 0])
      await gateway.close()
      await sls.close()
    })
  }
})
