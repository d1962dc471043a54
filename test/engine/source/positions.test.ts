import { strict as assert } from 'node:assert'
import { encodeCursor } from '../../../engine/client/cursor'
import { MemoryProgressStore } from '../../../engine/state/progress-store'
import { begin, collect, event, LocalService, numbered, readMessages } from './local-service'

describe('where a source begins', () => {
  let service: LocalService

  beforeEach(async () => {
    service = await LocalService.start()
  })

  afterEach(async () => {
    await service.close()
  })

  it('reads everything from the begin', async () => {
    await service.write('access', numbered(5))
    assert.deepEqual(await readMessages(service.source({ position: { type: 'begin' } }), 5), numbered(5))
  })

  it('reads only what comes later from the end', async () => {
    await service.write('access', numbered(3, 'old '))
    const source = service.source({ position: { type: 'end' } })
    const started = event(source, 'start')
    const first = begin(source)
    assert.equal((await started).origin, 'position')
    await service.write('access', ['new'])
    const batch = await first
    assert.deepEqual(batch.done === true ? [] : batch.value.logs.map(({ contents }) => contents[0]?.[1]), [
      'new'
    ])
  })

  it('reads what was received at or after a time', async () => {
    let now = Date.now()
    const clocked = await LocalService.start({ clock: () => now })
    try {
      await clocked.write('access', ['early'])
      now += 10_000
      const time = Math.floor(now / 1000)
      await clocked.write('access', ['in time', 'late'])
      const source = clocked.source({ position: { type: 'timestamp', time } })
      assert.deepEqual(await readMessages(source, 2), ['in time', 'late'])
    } finally {
      await clocked.close()
    }
  })

  it('begins at the checkpoint of the consumer group', async () => {
    await service.write('access', numbered(6))
    const first = await service.client.getCursor('access', 0, 'begin')
    const third = encodeCursor(BigInt(Buffer.from(first, 'base64').toString()) + 3n)
    await service.client.createConsumerGroup('access', { name: 'readers', timeout: 60, order: false })
    await service.client.updateCheckpoint({
      logstore: 'access',
      group: 'readers',
      shard: 0,
      cursor: third,
      force: true
    })
    const source = service.source({ position: { type: 'checkpoint' }, consumerGroup: 'readers' })
    const starts = collect(source, 'start')
    assert.deepEqual(await readMessages(source, 3), ['3', '4', '5'])
    assert.deepEqual(
      starts.map(({ origin, cursor }) => [origin, cursor]),
      [['group', third]]
    )
  })

  it('begins at the default position where the group has no checkpoint', async () => {
    await service.write('access', numbered(3, 'old '))
    const source = service.source({
      position: { type: 'checkpoint' },
      defaultPosition: { type: 'end' },
      consumerGroup: 'readers'
    })
    const started = event(source, 'start')
    const first = begin(source)
    assert.equal((await started).origin, 'default')
    await service.write('access', ['new'])
    assert.equal((await first).done, false)
  })

  it('begins with the oldest log, and says so, where the checkpoint of the group is no cursor', async () => {
    await service.write('access', numbered(2))
    const group = { name: 'readers', timeout: 60, order: false }
    await service.client.createConsumerGroup('access', group)
    const update = { logstore: 'access', group: 'readers', shard: 0, cursor: 'bm9uZQ==', force: true }
    await service.client.updateCheckpoint(update)
    const source = service.source({ consumerGroup: 'readers', position: { type: 'end' } })
    const told = event(source, 'error')
    assert.deepEqual(await readMessages(source, 2), numbered(2))
    assert.equal((await told).error.code, 'InvalidCursor')
  })

  it('begins where it stopped, whatever the position says', async () => {
    const state = new MemoryProgressStore()
    await service.write('access', numbered(4))
    const before = service.source({ state })
    await readMessages(before, 4)
    await before.close()
    await service.write('access', ['after'])
    assert.deepEqual(await readMessages(service.source({ state, position: { type: 'end' } }), 1), ['after'])
  })

  it('remembers where the end was, although nothing came before it was closed', async () => {
    const state = new MemoryProgressStore()
    await service.write('access', numbered(2, 'old '))
    const before = service.source({ state, position: { type: 'end' } })
    const started = event(before, 'start')
    const first = begin(before)
    await started
    await before.close()
    assert.equal((await first).done, true)
    await service.write('access', ['meanwhile'])
    assert.deepEqual(await readMessages(service.source({ state, position: { type: 'end' } }), 1), [
      'meanwhile'
    ])
  })

  it('remembers the end in the consumer group where there is no local state', async () => {
    const options = { consumerGroup: 'readers', position: { type: 'end' } } as const
    const before = service.source(options)
    const started = event(before, 'start')
    const first = begin(before)
    await started
    await before.close()
    await first
    await service.write('access', ['meanwhile'])
    assert.deepEqual(await readMessages(service.source(options), 1), ['meanwhile'])
  })

  it('has its start on record before it reads, so that a crash right then loses nothing', async () => {
    const state = new MemoryProgressStore()
    const atCrash = new MemoryProgressStore()
    const before = service.source({ state, position: { type: 'end' }, checkpointInterval: 1_000_000 })
    const recorded = new Promise<void>((resolve) => {
      before.on('start', () => void state.load().then((saved) => atCrash.save(saved).then(resolve)))
    })
    const first = begin(before)
    await recorded
    await service.write('access', ['meanwhile'])
    await first
    const after = service.source({ state: atCrash, position: { type: 'end' } })
    assert.deepEqual(await readMessages(after, 1), ['meanwhile'])
  })
})
