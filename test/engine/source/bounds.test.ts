import { strict as assert } from 'node:assert'
import type { SourceBatch } from '../../../engine/source/source'
import { LocalService, messagesOf, nextBatch, numbered, readMessages, until } from './local-service'

const low = '0'.repeat(32)
const high = 'f0'.padEnd(32, '0')

describe('the bounds of a source', () => {
  let service: LocalService

  beforeEach(async () => {
    service = await LocalService.start()
  })

  afterEach(async () => {
    await service.close()
  })

  it('fetches one batch ahead of the flow, and no more', async () => {
    await service.write('access', numbered(10))
    const source = service.source({ maxLogGroups: 1 })
    const iterator = source[Symbol.asyncIterator]()
    await nextBatch(iterator)
    await until(() => source.status().shards[0]?.groups === 2)
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(source.status().shards[0]?.groups, 2)
    assert.equal(source.status().state, 'waiting')
  })

  it('keeps what is fetched and not acknowledged within the memory limit', async () => {
    service.emulator.createLogstore('wide', { shardCount: 4 })
    const text = 'x'.repeat(20_000)
    for (let group = 0; group < 60; group++) {
      await service.writeGroup('wide', [text], (group % 16).toString(16).repeat(32))
    }
    const limit = 200_000
    const source = service.source({ logstores: 'wide', maxLogGroups: 2, memoryLimit: limit })
    const iterator = source[Symbol.asyncIterator]()
    const held: SourceBatch[] = []
    let largest = 0
    let most = 0
    let logs = 0
    while (logs < 60) {
      const asked = iterator.next()
      const answered = await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, 40))])
      most = Math.max(most, source.status().memory.held)
      if (answered === undefined) for (const batch of held.splice(0)) batch.ack()
      const { value } = await asked
      logs += value.logCount
      largest = Math.max(largest, value.rawSize)
      held.push(value)
    }
    for (const batch of held) batch.ack()
    assert.ok(most > limit / 2, `the limit of ${limit} was never nearly used: ${most}`)
    assert.ok(most <= limit + largest, `${most} bytes were held, the limit is ${limit}`)
    assert.equal(source.status().memory.held, 0)
  })

  it('lets a single fetch through that is larger than the memory limit', async () => {
    await service.writeGroup('access', ['x'.repeat(10_000)])
    await service.writeGroup('access', ['y'.repeat(10_000)])
    const source = service.source({ memoryLimit: 1000, maxLogGroups: 1 })
    assert.equal((await readMessages(source, 2)).length, 2)
  })

  it('delivers no more than may be in flight', async () => {
    await service.write('access', numbered(6, 'x'.repeat(1000)))
    const source = service.source({ maxLogGroups: 1, maxInFlight: 2500 })
    const iterator = source[Symbol.asyncIterator]()
    const first = await nextBatch(iterator)
    await nextBatch(iterator)
    const third = iterator.next()
    await until(() => source.status().state === 'waiting')
    assert.equal(source.status().inFlight.bytes, 2 * first.rawSize)
    first.ack()
    assert.deepEqual(messagesOf((await third).value), [`${'x'.repeat(1000)}2`])
  })

  it('gives every shard its turn, however much one of them holds', async () => {
    service.emulator.createLogstore('pair', { shardCount: 2 })
    await service.write('pair', numbered(40, 'hot '), low)
    await service.write('pair', numbered(4, 'cold '), high)
    const messages = await readMessages(service.source({ logstores: 'pair', maxLogGroups: 1 }), 44)
    const last = messages.lastIndexOf('cold 3')
    assert.ok(last < 20, `the last log of the cold shard came as number ${last}`)
  })

  it('neither fetches nor delivers while it is paused, and saves progress all the same', async () => {
    await service.write('access', numbered(3))
    const source = service.source({ maxLogGroups: 1, consumerGroup: 'readers' })
    const iterator = source[Symbol.asyncIterator]()
    const first = await nextBatch(iterator)
    source.pause()
    assert.equal(source.status().state, 'paused')
    const second = iterator.next()
    first.ack()
    await source.checkpoint()
    const before = source.status().shards[0]?.fetches ?? 0
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.ok((source.status().shards[0]?.fetches ?? 0) <= before + 1)
    const checkpoints = await service.client.getCheckpoints('access', 'readers')
    assert.equal(checkpoints[0]?.cursor, first.nextCursor)
    source.resume()
    assert.deepEqual(messagesOf((await second).value), ['1'])
  })
})
