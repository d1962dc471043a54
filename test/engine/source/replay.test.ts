import { strict as assert } from 'node:assert'
import { MemoryProgressStore } from '../../../engine/state/progress-store'
import { HandClock } from './hand-clock'
import { LocalService, messagesOf, nextBatch, numbered, readMessages } from './local-service'

describe('a replay', () => {
  let clock: HandClock
  let service: LocalService

  /** Ten logs, ten seconds apart. */
  beforeEach(async () => {
    clock = new HandClock()
    service = await LocalService.start({ clock: clock.now })
    for (const message of numbered(10)) {
      await service.write('access', [message])
      clock.pass(10_000)
    }
  })

  afterEach(() => service.close())

  /** What comes, each with whether it is a replay. */
  async function take(batches: AsyncIterator<Parameters<typeof messagesOf>[0]>, count: number) {
    const taken: [string, boolean][] = []
    while (taken.length < count) {
      const batch = await nextBatch(batches)
      for (const message of messagesOf(batch)) taken.push([message, batch.isReplay])
      batch.ack()
    }
    return taken
  }

  it('delivers a range once more, marked, then goes on where reading stood; the group stays where it is', async () => {
    const begin = clock.seconds - 100
    const source = service.source({ clock: clock.source, consumerGroup: 'readers', maxLogGroups: 4 })
    assert.deepEqual(await readMessages(source, 10), numbered(10))
    await source.checkpoint()
    const [committed] = await service.client.getCheckpoints('access', 'readers')
    await source.replay({ type: 'timestamp', time: begin + 20 }, { type: 'timestamp', time: begin + 50 })
    assert.equal(source.status().shards[0]?.replaying, true)
    await source.checkpoint()
    assert.equal((await service.client.getCheckpoints('access', 'readers'))[0]?.cursor, committed?.cursor)
    const iterator = source[Symbol.asyncIterator]()
    assert.deepEqual(await take(iterator, 3), [
      ['2', true],
      ['3', true],
      ['4', true]
    ])
    await service.write('access', ['live'])
    assert.deepEqual(await take(iterator, 1), [['live', false]])
    assert.equal(source.status().shards[0]?.replaying, false)
  })

  it('reaches no further than reading has come, and brings again what was in flight', async () => {
    const source = service.source({ clock: clock.source, maxLogGroups: 2 })
    const iterator = source[Symbol.asyncIterator]()
    ;(await nextBatch(iterator)).ack()
    await nextBatch(iterator)
    await source.replay({ type: 'begin' }, { type: 'end' })
    const taken = await take(iterator, 10)
    assert.deepEqual(
      taken.map(([message]) => message),
      numbered(10)
    )
    assert.deepEqual(
      taken.filter(([, isReplay]) => isReplay).map(([message]) => message),
      ['0', '1']
    )
  })

  it('is gone on with after a restart, then what is live', async () => {
    const state = new MemoryProgressStore()
    const options = { state, clock: clock.source, maxLogGroups: 1 }
    const before = service.source(options)
    await readMessages(before, 10)
    await before.replay({ type: 'begin' }, { type: 'end' })
    const [first] = await take(before[Symbol.asyncIterator](), 1)
    assert.deepEqual(first, ['0', true])
    await before.close()
    await service.write('access', ['live'])
    const after = service.source(options)
    const taken = await take(after[Symbol.asyncIterator](), 10)
    assert.deepEqual(taken, [
      ...numbered(10)
        .slice(1)
        .map((message) => [message, true]),
      ['live', false]
    ])
  })

  it('takes the place of one that is not over, and leaves what is live as it was', async () => {
    const begin = clock.seconds - 100
    const source = service.source({ clock: clock.source, maxLogGroups: 2 })
    await readMessages(source, 8)
    await source.replay({ type: 'begin' }, { type: 'end' })
    const iterator = source[Symbol.asyncIterator]()
    assert.deepEqual(await take(iterator, 2), [
      ['0', true],
      ['1', true]
    ])
    await source.replay({ type: 'timestamp', time: begin + 40 }, { type: 'timestamp', time: begin + 60 })
    assert.deepEqual(await take(iterator, 4), [
      ['4', true],
      ['5', true],
      ['8', false],
      ['9', false]
    ])
  })

  it('refuses a range that ends before it begins', async () => {
    const source = service.source({ clock: clock.source })
    await assert.rejects(source.replay({ type: 'timestamp', time: 20 }, { type: 'timestamp', time: 20 }), {
      code: 'InvalidOption',
      field: 'to'
    })
    await assert.rejects(source.replay({ type: 'end' }, { type: 'end' }), { field: 'to' })
    await assert.rejects(
      source.replay({ type: 'begin' }, { type: 'end' }, { logstore: 'access', shard: 9 }),
      {
        field: 'shard'
      }
    )
  })
})

describe('forgetting the local progress', () => {
  let service: LocalService

  beforeEach(async () => {
    service = await LocalService.start()
    await service.write('access', numbered(4))
  })

  afterEach(() => service.close())

  it('begins again at the position, durably', async () => {
    const state = new MemoryProgressStore()
    const source = service.source({ state })
    await readMessages(source, 4)
    await source.forget()
    const begin = await service.client.getCursor('access', 0, 'begin')
    assert.equal((await state.load()).shards['demo/access/0']?.cursor, begin)
    assert.deepEqual(await readMessages(source, 4), numbered(4))
  })

  it('begins again at the checkpoint of the consumer group, where there is one', async () => {
    const state = new MemoryProgressStore()
    const options = { state, consumerGroup: 'readers', maxLogGroups: 1, checkpointMode: 'disabled' as const }
    const cursors = []
    const source = service.source({ ...options, position: { type: 'checkpoint' } })
    const iterator = source[Symbol.asyncIterator]()
    for (let count = 0; count < 4; count++) {
      const batch = await nextBatch(iterator)
      cursors.push(batch.cursor)
      batch.ack()
    }
    await service.client.createConsumerGroup('access', { name: 'readers', timeout: 100, order: false })
    const checkpoint = {
      logstore: 'access',
      group: 'readers',
      shard: 0,
      cursor: cursors[2] ?? '',
      force: true
    }
    await service.client.updateCheckpoint(checkpoint)
    await source.forget({ logstore: 'access', shard: 0 })
    assert.deepEqual(messagesOf(await nextBatch(iterator)), ['2'])
  })
})
