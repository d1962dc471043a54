import assert from 'node:assert/strict'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { SlsSink } from '../../engine/sink/sink'
import { FakeClock } from '../engine/sink/support/fake-clock'
import { FakeService, refusals } from '../engine/sink/support/fake-service'
import { until } from '../engine/sink/support/spooled'
import { runs } from '../support/counts'

const halfAnHour = 1_800_000
const logsASecond = 10
const caps = { totalBytes: 2_000_000, spoolBytes: 4_000_000 }

describe('A sink without network for 30 minutes, with a power cut in the middle', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sls-offline-'))
  })

  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('delivers every log it was done with as soon as the network is back, within its caps', async function () {
    this.timeout(runs(60_000, 300_000))
    const clock = new FakeClock()
    const service = new FakeService()
    const beforeTheCut = new FakeService()
    for (const each of [service, beforeTheCut]) each.answer = () => refusals.network()
    const open = (client: FakeService, spoolPath: string) =>
      new SlsSink({ client, logstore: 'access', clock, spool: 'always', spoolPath, ...caps })
    const ticks = runs(60, 600)
    const tick = halfAnHour / ticks
    const perTick = (logsASecond * tick) / 1000
    let written = 0

    async function spend(sink: SlsSink, ticksToSpend: number): Promise<void> {
      for (let n = 0; n < ticksToSpend; n++) {
        const logs = Array.from({ length: perTick }, (_, place) => ({
          time: Math.floor(clock.date() / 1000),
          contents: { id: String(written + place), text: 'what a sensor has to say in one line' }
        }))
        const write = sink.write({ logs })
        await clock.advance(tick)
        await write
        written += perTick
        const { memory, spool } = sink.status()
        assert.ok(memory.peak <= caps.totalBytes && (spool?.used ?? 0) <= caps.spoolBytes)
      }
    }

    const first = open(beforeTheCut, path.join(folder, 'before'))
    await spend(first, ticks / 2)
    const lost = first.write({ logs: [{ time: 0, contents: { id: 'never done' } }] })
    // What is on disk at this instant is all that a power cut leaves. After one its lock is void, while here the owner lives.
    await cp(path.join(folder, 'before'), path.join(folder, 'after'), {
      recursive: true,
      filter: (file) => path.basename(file) !== 'lock'
    })
    const beforeCut = written
    assert.equal(first.status().spool?.logs, beforeCut)

    const second = open(service, path.join(folder, 'after'))
    await until('the spool', () => second.status().spool?.state === 'ready')
    assert.equal(second.status().spool?.logs, beforeCut)
    await spend(second, ticks / 2)
    const { spool } = second.status()
    assert.deepEqual([spool?.offline, spool?.logs], [true, written])
    assert.ok((spool?.oldest ?? 0) >= halfAnHour - 2 * tick, `oldest ${spool?.oldest} ms`)

    service.answer = () => undefined
    await until('an empty spool', async () => {
      await clock.advance(100)
      return second.status().spool?.logs === 0
    })
    const arrived = service.values('id').map(Number)
    assert.equal(arrived.length, (halfAnHour * logsASecond) / 1000)
    assert.equal(new Set(arrived).size, written)
    assert.equal(second.status().failed, 0)
    for (const sink of [first, second]) {
      const closed = sink.close(1000)
      await until('its end', async () => {
        await clock.advance(100)
        return sink.status().state === 'closed'
      })
      await closed
    }
    await lost
  })
})
