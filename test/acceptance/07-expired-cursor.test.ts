import assert from 'node:assert/strict'
import { MemoryProgressStore } from '../../engine/state/progress-store'
import { HandClock } from '../engine/source/hand-clock'
import { event, LocalService, nextBatch, numbered, readMessages, until } from '../engine/source/local-service'

describe('A cursor that has expired', () => {
  let clock: HandClock
  let service: LocalService
  let state: MemoryProgressStore

  /** Two of ten groups are read, a second apart; then only the last three are left. */
  beforeEach(async () => {
    clock = new HandClock()
    service = await LocalService.start({ clock: clock.now })
    state = new MemoryProgressStore()
    for (const message of numbered(10)) {
      await service.write('access', [message])
      clock.pass(10_000)
    }
    const before = service.source({ state, maxLogGroups: 2, clock: clock.source })
    ;(await nextBatch(before[Symbol.asyncIterator]())).ack()
    await before.close()
    service.emulator.addFault({ kind: 'expireCursors', logstore: 'access', keep: 3 })
  })

  afterEach(() => service.close())

  it('is told of with how much is lost, and reading goes on at the oldest log', async () => {
    const source = service.source({ state, clock: clock.source })
    const skipped = event(source, 'skipped')
    assert.deepEqual(await readMessages(source, 3), ['7', '8', '9'])
    const { policy, from, to, groups, seconds } = await skipped
    assert.deepEqual([policy, groups], ['earliest', 5])
    assert.ok(from !== to)
    assert.ok(seconds !== undefined && seconds >= 0 && seconds < 100)
    assert.equal(source.status().counts.skips, 1)
  })

  it('is told of, and with the policy latest only what is written from now on is read', async () => {
    const source = service.source({ state, clock: clock.source, onInvalidCursor: 'latest' })
    const skipped = event(source, 'skipped')
    const reading = readMessages(source, 1)
    const { policy, groups } = await skipped
    assert.deepEqual([policy, groups], ['latest', 8])
    await until(() => source.status().shards[0]?.status === 'idle')
    await service.write('access', ['new'])
    assert.deepEqual(await reading, ['new'])
  })

  it('stops its shard with the policy fail, until somebody seeks', async () => {
    const source = service.source({ state, clock: clock.source, onInvalidCursor: 'fail' })
    const skipped = event(source, 'skipped')
    const stopped = event(source, 'stopped')
    const reading = readMessages(source, 3)
    assert.equal((await skipped).groups, 5)
    assert.equal((await stopped).error.code, 'InvalidCursor')
    const { state: shown, lastError, shards } = source.status()
    assert.deepEqual([shown, lastError?.code, shards[0]?.status], ['error', 'InvalidCursor', 'stopped'])
    const kept = Object.values((await state.load()).shards)[0]?.cursor
    assert.equal(kept, (await skipped).from, 'the place is kept')
    await source.seek({ type: 'begin' })
    assert.deepEqual(await reading, ['7', '8', '9'])
    assert.equal(source.status().lastError, undefined)
  })
})
