import assert from 'node:assert/strict'
import { SlsEmulator } from '../../emulator'
import { ORIGINAL_TIME } from '../../engine/sink/log-time'
import { withNodeRed } from '../nodes/runtime'
import { readBy } from './support/read-by'
import { writingFlow } from './support/writing-flow'

const HOUR = 3_600_000

describe('A machine whose clock is off', () => {
  withNodeRed()

  for (const [how, skew, key] of [
    ['an hour ahead', -HOUR, 'ahead'],
    ['an hour behind', HOUR, 'behind'],
    ['a year behind', 365 * 24 * HOUR, 'behind']
  ] as const) {
    it(`by being ${how} writes, with right times, and warns once`, async () => {
      const clock = () => Date.now() + skew
      const sls = await SlsEmulator.start({ quiet: true, clock })
      const flow = await writingFlow(sls)
      for (const n of [1, 2]) {
        flow.send('out', { payload: { n } })
        const message = await flow.at('done', n - 1)
        const { attempts } = message['slsReceipt'] as { attempts: number }
        assert.equal(attempts, n === 1 ? 2 : 1, 'one call was signed with the wrong time')
      }
      const logs = await readBy(sls, clock, 2)
      for (const { time } of logs) {
        const off = Math.abs(time - clock() / 1000)
        // What was stamped before the service told its time, and was taken as it is, keeps that.
        assert.ok(off < 300 || (key === 'behind' && off < 3900), `${off} s off`)
      }
      const second = logs.find(({ contents }) =>
        contents.some(([name, value]) => name === 'n' && value === '2')
      )
      assert.ok(Math.abs((second?.time ?? 0) - clock() / 1000) < 300)
      assert.ok(!second?.contents.some(([name]) => name === ORIGINAL_TIME))
      await flow.stop()
      assert.equal(flow.messages('failed').length, 0)
      assert.deepEqual(flow.reports('connection'), [`sls-config.clock.${key}`])
      await sls.close()
    })
  }
})
