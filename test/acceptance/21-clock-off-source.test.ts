import assert from 'node:assert/strict'
import { SlsEmulator } from '../../emulator'
import { numbered, write } from '../nodes/logstore'
import { connection, keyOf, run, tab, withNodeRed } from '../nodes/runtime'

const HOUR = 3_600_000

describe('A machine whose clock is off', () => {
  withNodeRed()

  for (const [how, skew, key] of [
    ['an hour ahead', -HOUR, 'ahead'],
    ['an hour behind', HOUR, 'behind']
  ] as const) {
    it(`by being ${how} reads, and warns once`, async () => {
      const sls = await SlsEmulator.start({
        quiet: true,
        logstores: ['access:1'],
        clock: () => Date.now() + skew
      })
      await write(sls, numbered(0, 3))
      const flow = [
        tab,
        connection(sls),
        {
          id: 'in',
          z: 'tab',
          type: 'sls-in',
          config: 'connection',
          logstores: 'access',
          localState: false,
          fetchInterval: 10,
          wires: [['logs']]
        },
        { id: 'logs', z: 'tab', type: 'helper', wires: [] },
        { id: 'catch', z: 'tab', type: 'catch', scope: ['in'], wires: [['failed']] },
        { id: 'failed', z: 'tab', type: 'helper', wires: [] }
      ]
      const running = await run(flow, { credentials: keyOf(sls) })
      const messages = await running.take('logs', 3)
      assert.deepEqual(
        messages.map(({ payload }) => (payload as { n: string }).n),
        ['0', '1', '2']
      )
      assert.equal(running.messages('failed').length, 0)
      assert.deepEqual(running.reports('connection'), [`sls-config.clock.${key}`])
      await running.stop()
      await sls.close()
    })
  }
})
