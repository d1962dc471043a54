import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { type FaultSpec, SlsEmulator } from '../../emulator'
import { runs } from '../support/counts'
import { numbered, read, write } from './logstore'
import { connection, type FlowNode, keyOf, type Running, run, tab, until, withNodeRed } from './runtime'

/** The recipe: sls-in, acknowledged by a Complete node of sls-out; what fails on the way is delivered again. */
const recipe: readonly FlowNode[] = [
  {
    id: 'in',
    z: 'tab',
    type: 'sls-in',
    config: 'connection',
    logstores: 'access',
    acknowledge: 'manual',
    maxInFlight: 20_000,
    fetchInterval: 10,
    checkpointInterval: 50,
    inputs: 1,
    wires: [['work']]
  },
  {
    id: 'work',
    z: 'tab',
    type: 'function',
    func: `
      const n = Number(msg.payload.n)
      if (n % 17 === 5 && !context.get(String(n))) {
        context.set(String(n), true)
        throw new Error('the work failed')
      }
      msg.payload = { n: String(n), twice: String(2 * n) }
      return msg`,
    outputs: 1,
    libs: [],
    wires: [['out']]
  },
  {
    id: 'out',
    z: 'tab',
    type: 'sls-out',
    config: 'connection',
    logstore: 'other',
    flushInterval: 5,
    maxLines: 20,
    wires: []
  },
  { id: 'complete', z: 'tab', type: 'complete', scope: ['out'], wires: [['in', 'written']] },
  { id: 'catch', z: 'tab', type: 'catch', scope: ['work', 'out'], wires: [['in']] },
  { id: 'written', z: 'tab', type: 'helper', wires: [] }
]

const trouble: readonly FaultSpec[] = [
  { kind: 'error', call: 'PutLogs', logstore: 'other', code: 'ServerBusy', probability: 0.2, seed: 1 },
  { kind: 'cutBefore', call: 'PutLogs', logstore: 'other', probability: 0.1, seed: 2 },
  { kind: 'cutAfter', call: 'PutLogs', logstore: 'other', probability: 0.1, seed: 3 },
  { kind: 'cutBefore', call: 'PullLogs', probability: 0.1, seed: 4 },
  { kind: 'error', call: 'PutLogs', logstore: 'other', code: 'PostBodyInvalid', probability: 0.05, seed: 5 }
]

describe('From one logstore through a flow into another', () => {
  withNodeRed()

  it('every log is written at least once, whatever fails and however often the flow is stopped', async function () {
    this.timeout(runs(20_000, 300_000))
    const sls = await SlsEmulator.start({ quiet: true, logstores: ['access:2', 'other:1'] })
    const userDir = await mkdtemp(path.join(os.tmpdir(), 'sls-recipe-'))
    const lives = runs(2, 10)
    const share = runs(100, 500)
    const count = lives * share
    const start = (): Promise<Running> =>
      run(
        [
          tab,
          connection(sls, { baseRetryBackoff: 2, maxRetryBackoff: 20, maxRetriesRetryable: -1 }),
          ...recipe
        ],
        {
          credentials: keyOf(sls),
          core: ['function/10-function.js'],
          settings: { userDir, nodeCloseTimeout: 500 }
        }
      )
    for (const spec of trouble) sls.addFault(spec)
    for (let life = 0; life < lives; life++) {
      for (let from = life * share; from < (life + 1) * share; from += 50) {
        await write(sls, numbered(from, from + 50))
      }
      const flow = await start()
      await until('some logs to be written', () => flow.messages('written').length > share / 4)
      const outage = sls.addFault({
        kind: 'error',
        call: 'PutLogs',
        logstore: 'other',
        code: 'InternalServerError'
      })
      await flow.stop()
      sls.removeFault(outage)
    }
    const last = await start()
    const numbers = new Set<string | undefined>()
    for (let least = count; numbers.size < count; least++) {
      const logs = await read(sls, least, 'other')
      for (const { contents } of logs) numbers.add(contents[0]?.[1])
      least = Math.max(least, logs.length)
    }
    assert.deepEqual(
      [...numbers].map(Number).sort((one, other) => one - other),
      Array.from({ length: count }, (_, n) => n)
    )
    sls.clearFaults()
    last.send('in', { action: 'checkpoint' })
    await last.stop()
    await sls.close()
    await rm(userDir, { recursive: true })
  })
})
