import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ManagedProcess } from '../../e2e/child-process'
import { runs } from '../../support/counts'
import { Emulated } from './support/emulated'
import { until } from './support/spooled'
import type { SpoolingOrders } from './support/spooling-process'

const writer = path.resolve('build/test/engine/sink/support/spooling-process.js')
/** Logs of a write of the process, and how far apart the numbers of two lives are. */
const write = 25
const life = 1_000_000

describe('A process that writes with the spool always on', () => {
  let folder: string
  let world: Emulated

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sls-spool-kill-'))
    world = await Emulated.start({ logstores: ['access:2'] })
  })

  afterEach(async () => {
    await world.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('may be killed at any instant: every log whose write was done arrives', async function () {
    const kills = runs(3, 50)
    this.timeout(60_000 + kills * 10_000)
    const { endpoint, project, accessKeyId, accessKeySecret } = world.service
    const done = new Set<number>()
    for (let kill = 0; kill < kills; kill++) {
      // Half of the lives are without a service.
      const fault =
        kill % 2 === 0 ? world.service.addFault({ kind: 'cutBefore', call: 'PutLogs' }) : undefined
      const orders: SpoolingOrders = {
        endpoint,
        project,
        accessKeyId,
        accessKeySecret,
        sink: { spool: 'always', spoolPath: folder, flushInterval: 2, maxLines: 100 },
        first: kill * life,
        rate: 0,
        keys: []
      }
      const process = new ManagedProcess('The writer', [writer, JSON.stringify(orders)])
      await process.waitFor(/^done /)
      await pause(Math.random() * 300)
      await process.end('SIGKILL')
      if (fault !== undefined) world.service.removeFault(fault)
      assert.deepEqual(process.said('failed'), [])
      for (const first of process.said('done'))
        for (let place = 0; place < write; place++) done.add(Number(first) + place)
    }
    const sink = world.sink({ spool: 'always', spoolPath: folder })
    await until(
      'an empty spool',
      () => sink.status().spool?.state === 'ready' && sink.status().spool?.logs === 0
    )
    await sink.close()
    const arrived = (await world.values('id')).map(Number)
    const distinct = new Set(arrived)
    const missing = [...done].filter((id) => !distinct.has(id))
    assert.deepEqual(missing, [])
    console.log(
      `        ${kills} kills, ${done.size} logs done: 0 lost, ${arrived.length - distinct.size} sent twice`
    )
  })
})
