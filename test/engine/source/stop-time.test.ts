import { strict as assert } from 'node:assert'
import type { SlsSource } from '../../../engine/source/source'
import { MemoryProgressStore } from '../../../engine/state/progress-store'
import { HandClock } from './hand-clock'
import { begin, collect, event, LocalService, numbered, readToEnd, until } from './local-service'

const low = '0'.repeat(32)

describe('a source with a stop time', () => {
  let clock: HandClock
  let service: LocalService

  beforeEach(async () => {
    clock = new HandClock()
    service = await LocalService.start({ clock: clock.now })
  })

  afterEach(async () => {
    await service.close()
  })

  it('in the past, reads just what was received before it, and is done', async () => {
    await service.write('access', numbered(3, 'before '))
    clock.pass(10_000)
    const stopTime = clock.seconds
    await service.write('access', ['at'])
    clock.pass(10_000)
    await service.write('access', ['after'])
    const source = service.source({ clock: clock.source, stopTime })
    const done = collect(source, 'done')
    const finished = collect(source, 'finished')
    assert.deepEqual(await readToEnd(source), numbered(3, 'before '))
    assert.equal(done.length, 1)
    assert.deepEqual(
      finished.map(({ reason }) => reason),
      ['stopTime']
    )
    assert.equal(source.status().state, 'done')
  })

  it('before its start, is done without a log', async () => {
    clock.pass(100_000)
    const stopTime = clock.seconds - 50
    await service.write('access', ['after'])
    const source = service.source({
      clock: clock.source,
      stopTime,
      position: { type: 'timestamp', time: stopTime + 20 }
    })
    assert.deepEqual(await readToEnd(source), [])
  })

  /** Of a stop time 20 s ahead. */
  async function readsUpToIt(source: SlsSource): Promise<void> {
    const reading = readToEnd(source)
    await service.write('access', ['early'])
    await until(() => source.status().logs === 1)
    assert.ok((source.status().lagSeconds ?? 0) < 60)
    clock.pass(15_000)
    await service.write('access', ['late'])
    await until(() => source.status().logs === 2)
    clock.pass(10_000)
    await service.write('access', ['too late'])
    assert.deepEqual(await reading, ['early', 'late'])
  }

  it('in the future, reads on until it has passed, and not beyond', async () => {
    const stopTime = clock.seconds + 20
    const source = service.source({ clock: clock.source, stopTime })
    await readsUpToIt(source)
  })

  for (const [how, skew] of [
    ['ahead', 3_600_000],
    ['behind', -3_600_000]
  ] as const) {
    it(`in the future, is not mistaken by a clock of this machine that is an hour ${how}`, async () => {
      const stopTime = clock.seconds + 20
      const now = () => clock.now() + skew
      const client = service.newClient(now)
      const source = service.source({ client, clock: { ...clock.source, now }, stopTime })
      await readsUpToIt(source)
      client.close()
    })
  }

  it('reads the children of a split up to it', async () => {
    await service.write('access', ['parent'])
    clock.pass(2000)
    service.emulator.splitShard('access', 0)
    await service.write('access', ['child'], low)
    clock.pass(10_000)
    const stopTime = clock.seconds
    await service.write('access', ['after'], low)
    clock.pass(10_000)
    const source = service.source({ clock: clock.source, stopTime })
    assert.deepEqual(await readToEnd(source), ['parent', 'child'])
  })

  it('is not done before all that came is acknowledged', async () => {
    await service.write('access', ['one'])
    clock.pass(10_000)
    const source = service.source({ clock: clock.source, stopTime: clock.seconds - 5 })
    const first = await begin(source)
    const done = event(source, 'done')
    await until(() => source.status().shards[0]?.status === 'finishing')
    assert.notEqual(source.status().state, 'done')
    assert.ok(first.done !== true)
    first.value.ack()
    await done
    assert.equal((await begin(source)).done, true)
  })

  it('goes on from there when it is started again without one', async () => {
    const state = new MemoryProgressStore()
    await service.write('access', ['before'])
    clock.pass(10_000)
    const stopTime = clock.seconds
    await service.write('access', ['after'])
    clock.pass(10_000)
    const bounded = service.source({ clock: clock.source, stopTime, state })
    assert.deepEqual(await readToEnd(bounded), ['before'])
    await bounded.close()
    const source = service.source({ clock: clock.source, state })
    const next = await begin(source)
    assert.equal(next.done === true ? '' : next.value.logs[0]?.contents[0]?.[1], 'after')
  })

  it('is done although it reads no shard at all', async () => {
    clock.pass(10_000)
    const assignment = { type: 'modulo', taskIndex: 1, taskCount: 2 } as const
    const source = service.source({ clock: clock.source, stopTime: clock.seconds - 5, assignment })
    assert.deepEqual(await readToEnd(source), [])
  })
})
