import assert from 'node:assert/strict'
import { SlsEmulator } from '../../emulator/index'
import type { NodeMessage } from '../../nodes/node-red'
import { numbered, write } from '../nodes/logstore'
import { connection, errorOf, type FlowNode, keyOf, run, tab, until, withNodeRed } from '../nodes/runtime'

/** A flow that throws on some logs and sends everything back: what is done, and with its error what failed. */
function flow(output: string, fails: string): FlowNode[] {
  return [
    tab,
    {
      id: 'in',
      z: 'tab',
      type: 'sls-in',
      config: 'connection',
      logstores: 'access',
      localState: false,
      fetchInterval: 10,
      acknowledge: 'manual',
      maxRedeliveries: 2,
      output,
      inputs: 1,
      wires: [['work']]
    },
    { id: 'work', z: 'tab', type: 'function', func: fails, outputs: 1, wires: [['taken', 'in']] },
    { id: 'taken', z: 'tab', type: 'helper', wires: [] },
    { id: 'failing', z: 'tab', type: 'catch', scope: ['work'], wires: [['in', 'failures']] },
    { id: 'failures', z: 'tab', type: 'helper', wires: [] },
    { id: 'catch', z: 'tab', type: 'catch', scope: ['in'], wires: [['givenUp']] },
    { id: 'givenUp', z: 'tab', type: 'helper', wires: [] }
  ]
}

function recordsOf({ payload }: NodeMessage): { n: string }[] {
  return (Array.isArray(payload) ? payload : [payload]) as { n: string }[]
}

describe('When the flow throws on log 7', () => {
  withNodeRed()
  let sls: SlsEmulator

  beforeEach(async () => {
    sls = await SlsEmulator.start({ quiet: true, logstores: ['access:1'] })
    await write(sls, numbered(0, 20))
  })

  afterEach(() => sls.close())

  const throwing =
    'if ([].concat(msg.payload).some((log) => log.n === "7")) throw new Error("no sevens"); return msg'

  for (const output of ['log', 'group', 'fetch']) {
    it(`with output ${output}, log 7 is retried, then at the Catch node, and all others arrive`, async () => {
      const nodes = [connection(sls, { baseRetryBackoff: 5, maxRetryBackoff: 10 }), ...flow(output, throwing)]
      const running = await run(nodes, { credentials: keyOf(sls), core: ['function/10-function.js'] })
      const {
        error,
        payload,
        sls: from
      } = await running.first('givenUp').then((message) => ({
        ...message,
        error: errorOf(message)
      }))
      assert.equal(error.code, 'PoisonLog')
      assert.match(error.message, /no sevens/)
      const { topic, source, logs } = payload as { topic: string; source: string; logs: unknown[] }
      assert.deepEqual([topic, source, logs.length], ['', '', 1])
      assert.deepEqual((logs[0] as { contents: unknown }).contents, [['n', '7']])
      const place = from as Record<string, unknown>
      assert.equal(place['index'], 7)
      assert.ok(String(place['id']).endsWith(`${String(place['cursor'])}/7`))
      assert.match(String(place['reason']), /no sevens/)
      assert.ok(running.messages('failures').length >= 3)
      await until(
        'the others',
        () => running.messages('taken').flatMap(recordsOf).length >= 19,
        () => JSON.stringify(running.messages('taken').flatMap(recordsOf))
      )
      const taken = running.messages('taken').flatMap(recordsOf)
      assert.deepEqual(
        taken.map(({ n }) => Number(n)).sort((a, b) => a - b),
        Array.from({ length: 20 }, (_, n) => n).filter((n) => n !== 7)
      )
      await write(sls, numbered(20, 21))
      await until('what comes after', () =>
        running
          .messages('taken')
          .flatMap(recordsOf)
          .some(({ n }) => n === '20')
      )
    })
  }
})
