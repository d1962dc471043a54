import { strict as assert } from 'node:assert'
import { SlsError } from '../../../engine/client/errors'
import { MemoryProgressStore } from '../../../engine/state/progress-store'
import { collect, event, LocalService, messagesOf, nextBatch, numbered, readMessages } from './local-service'

describe('acknowledgement', () => {
  let service: LocalService

  beforeEach(async () => {
    service = await LocalService.start()
  })

  afterEach(async () => {
    await service.close()
  })

  it('in any order, lets a clean restart repeat just what is not acknowledged', async () => {
    const state = new MemoryProgressStore()
    await service.write('access', numbered(10))
    const before = service.source({ state, maxLogGroups: 2 })
    const iterator = before[Symbol.asyncIterator]()
    const batches = []
    for (let count = 0; count < 5; count++) batches.push(await nextBatch(iterator))
    for (const index of [4, 0, 2]) batches[index]?.ack()
    await before.close()
    const after = service.source({ state, maxLogGroups: 100 })
    assert.deepEqual(await readMessages(after, 4), ['2', '3', '6', '7'])
    await service.write('access', ['new'])
    assert.deepEqual(await readMessages(after, 1), ['new'])
  })

  it('of some groups of a batch lets a clean restart repeat just the others', async () => {
    const state = new MemoryProgressStore()
    await service.write('access', numbered(10))
    const before = service.source({ state })
    const batch = await nextBatch(before[Symbol.asyncIterator]())
    assert.equal(batch.groups.length, 10)
    batch.ack(3)
    batch.groups[5]?.ack()
    batch.groups[9]?.ack()
    await before.close()
    assert.deepEqual(await readMessages(service.source({ state }), 5), ['3', '4', '6', '7', '8'])
  })

  it('may be repeated and may name more groups than there are', async () => {
    await service.write('access', numbered(3))
    const source = service.source()
    const batch = await nextBatch(source[Symbol.asyncIterator]())
    batch.ack(0)
    batch.ack(-1)
    batch.ack(Number.NaN)
    assert.equal(source.status().shards[0]?.cursor, batch.cursor)
    batch.ack(99)
    batch.ack()
    batch.nack()
    assert.equal(source.status().shards[0]?.cursor, batch.nextCursor)
    assert.equal(source.status().memory.held, 0)
  })

  it('means nothing after the source is closed', async () => {
    const state = new MemoryProgressStore()
    await service.write('access', numbered(2))
    const before = service.source({ state })
    const batch = await nextBatch(before[Symbol.asyncIterator]())
    await before.close()
    batch.ack()
    batch.nack()
    assert.deepEqual(await readMessages(service.source({ state }), 2), ['0', '1'])
  })

  it('that is refused brings the batch again, with what of it is not acknowledged', async () => {
    await service.write('access', numbered(4))
    const source = service.source()
    const told = collect(source, 'redelivery')
    const iterator = source[Symbol.asyncIterator]()
    const first = await nextBatch(iterator)
    first.ack(1)
    first.nack(new Error('no'))
    first.nack(new Error('said already'))
    const second = await nextBatch(iterator)
    assert.deepEqual(messagesOf(second), ['1', '2', '3'])
    assert.equal(second.delivery, 2)
    assert.equal(second.cursor, first.cursor)
    first.nack(new Error('of a delivery that is over'))
    second.ack(2)
    second.nack()
    const third = await nextBatch(iterator)
    assert.deepEqual(messagesOf(third), ['3'])
    third.ack()
    assert.equal(source.status().shards[0]?.cursor, first.nextCursor)
    assert.deepEqual(
      told.map(({ deliveries, error }) => [deliveries, error instanceof Error ? error.message : error]),
      [
        [1, 'no'],
        [2, undefined]
      ]
    )
  })

  it('that comes while a refused batch waits for its turn is taken', async () => {
    await service.write('access', ['first'])
    const source = service.source({ retry: { baseRetryBackoff: 20, maxRetryBackoff: 20 } })
    const iterator = source[Symbol.asyncIterator]()
    const first = await nextBatch(iterator)
    first.nack()
    first.ack()
    await service.write('access', ['second'])
    assert.deepEqual(messagesOf(await nextBatch(iterator)), ['second'])
  })

  it('keeps the groups of a shard in order when one is refused', async () => {
    await service.write('access', numbered(6))
    const source = service.source({ maxLogGroups: 1 })
    const iterator = source[Symbol.asyncIterator]()
    const first = await nextBatch(iterator)
    const second = await nextBatch(iterator)
    second.nack()
    first.nack()
    const messages = []
    for (let count = 0; count < 6; count++) messages.push(...messagesOf(await nextBatch(iterator)))
    assert.deepEqual(messages, numbered(6))
  })

  it('lets other batches pass a refused one where order does not matter', async () => {
    await service.write('access', numbered(3))
    const source = service.source({
      maxLogGroups: 1,
      inOrder: false,
      retry: { baseRetryBackoff: 200, maxRetryBackoff: 200 }
    })
    const iterator = source[Symbol.asyncIterator]()
    const first = await nextBatch(iterator)
    first.nack()
    const messages = []
    for (let count = 0; count < 3; count++) messages.push(...messagesOf(await nextBatch(iterator)))
    assert.deepEqual(messages, ['1', '2', '0'])
  })

  it('that is refused because a body is damaged makes the source fetch it again', async () => {
    await service.write('access', numbered(3))
    const source = service.source()
    const iterator = source[Symbol.asyncIterator]()
    const first = await nextBatch(iterator)
    first.ack(1)
    first.nack(new SlsError('CorruptBody', 'a log ends in the middle'))
    const second = await nextBatch(iterator)
    assert.deepEqual(messagesOf(second), ['1', '2'])
    assert.equal(second.delivery, 1)
    first.ack()
    assert.notEqual(source.status().shards[0]?.cursor, second.nextCursor)
    second.ack()
    assert.equal(source.status().shards[0]?.cursor, second.nextCursor)
  })

  it('that is refused because a body is damaged keeps in order, and from a repeat, what waits behind it', async () => {
    await service.write('access', numbered(4))
    const source = service.source({ maxLogGroups: 1 })
    const iterator = source[Symbol.asyncIterator]()
    const first = await nextBatch(iterator)
    const next = nextBatch(iterator)
    first.nack(new SlsError('CorruptBody', 'a log ends in the middle'))
    const taken = await next
    const messages = messagesOf(taken)
    taken.ack()
    assert.deepEqual([...messages, ...(await readMessages(source, 3))], numbered(4))
  })

  it('names every log by a cursor and an index that are the same when it comes again', async () => {
    const state = new MemoryProgressStore()
    await service.writeGroup('access', ['a', 'b'])
    await service.writeGroup('access', ['c'])
    const name = (batch: Awaited<ReturnType<typeof nextBatch>>) =>
      batch.groups.flatMap((group) =>
        group.logs().map((_, index) => `${group.cursor}/${group.firstIndex + index}`)
      )
    const before = service.source({ state })
    const names = name(await nextBatch(before[Symbol.asyncIterator]()))
    await before.close()
    const after = service.source({ state, maxLogGroups: 1 })
    const iterator = after[Symbol.asyncIterator]()
    const again = [...name(await nextBatch(iterator)), ...name(await nextBatch(iterator))]
    assert.equal(new Set(names).size, 3)
    assert.deepEqual(again, names)
  })

  it('names what a query leaves alike, however it is read, where each log group is fetched alone', async () => {
    const query = "* | where message like 'kept%'"
    const names = async (source: ReturnType<LocalService['source']>) => {
      const iterator = source[Symbol.asyncIterator]()
      const found: string[] = []
      while (found.length < 4) {
        const batch = await nextBatch(iterator)
        for (const group of batch.groups) {
          found.push(...group.logs().map((_, index) => `${group.cursor}/${group.firstIndex + index}`))
        }
      }
      return found
    }
    const early = names(service.source({ query, maxLogGroups: 1 }))
    await service.writeGroup('access', ['kept 0', 'not', 'kept 1'])
    await service.write('access', ['not', 'kept 2', 'kept 3'])
    const late = await names(service.source({ query, maxLogGroups: 1 }))
    assert.equal(new Set(late).size, 4)
    assert.deepEqual(await early, late)
  })

  it('is kept apart from progress until something is acknowledged', async () => {
    const source = service.source({ consumerGroup: 'readers' })
    await service.write('access', numbered(3))
    const committed = collect(source, 'commit')
    const batch = await nextBatch(source[Symbol.asyncIterator]())
    await source.checkpoint()
    assert.deepEqual([...new Set(committed.map(({ cursor }) => cursor))], [batch.cursor])
    const next = event(source, 'commit')
    batch.ack()
    assert.equal((await next).cursor, batch.nextCursor)
  })
})
