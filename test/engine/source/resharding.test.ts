import { strict as assert } from 'node:assert'
import type { SlsSource } from '../../../engine/source/source'
import { MemoryProgressStore } from '../../../engine/state/progress-store'
import {
  begin,
  collect,
  event,
  LocalService,
  messagesOf,
  nextBatch,
  numbered,
  readMessages,
  sorted,
  until
} from './local-service'

const low = '0'.repeat(32)
const high = 'f0'.padEnd(32, '0')
const middle = '8'.padEnd(32, '0')

describe('shards that split and merge while they are read', () => {
  let service: LocalService

  beforeEach(async () => {
    service = await LocalService.start()
  })

  afterEach(async () => {
    await service.close()
  })

  it('loses nothing that is written to the children before they are discovered', async () => {
    const source = service.source({ position: { type: 'end' }, discoveryInterval: 200 })
    const started = event(source, 'start')
    const first = begin(source)
    await started
    await service.write('access', ['parent'])
    service.emulator.splitShard('access', 0)
    await service.write('access', ['left'], low)
    await service.write('access', ['right'], high)
    const batch = await first
    assert.ok(batch.done !== true)
    batch.value.ack()
    const rest = readMessages(source, 2)
    await source.checkpoint()
    const origins = collect(source, 'start')
    assert.deepEqual(sorted(await rest), ['left', 'right'])
    assert.deepEqual(
      origins.map(({ origin }) => origin),
      ['child', 'child']
    )
  })

  it('reads the children of a split that happened while it was closed from their first log group', async () => {
    const state = new MemoryProgressStore()
    const options = { state, position: { type: 'end' } } as const
    const before = service.source(options)
    const started = event(before, 'start')
    const first = begin(before)
    await started
    await before.close()
    await first
    const children = service.emulator.splitShard('access', 0)
    await service.write('access', ['left'], low)
    await service.write('access', ['right'], high)
    const after = service.source(options)
    const origins = collect(after, 'start')
    assert.deepEqual(sorted(await readMessages(after, 2)), ['left', 'right'])
    await after.close()
    assert.deepEqual(sorted(origins.map(({ shard, origin }) => `${shard} ${origin}`)), [
      '0 local',
      ...children.map((child) => `${child} child`)
    ])
  })

  it('reads the children from their first log group where only the group remembers the parents', async () => {
    const options = { consumerGroup: 'readers', position: { type: 'end' } } as const
    await service.write('access', ['old'])
    const before = service.source(options)
    const started = event(before, 'start')
    const first = begin(before)
    await started
    await before.close()
    await first
    service.emulator.splitShard('access', 0)
    await service.write('access', ['left'], low)
    assert.deepEqual(await readMessages(service.source(options), 1), ['left'])
  })

  it('gives nothing of the children before all of the parent is acknowledged', async () => {
    await service.write('access', numbered(3, 'parent '))
    service.emulator.splitShard('access', 0)
    await service.write('access', ['left'], low)
    await service.write('access', ['right'], high)
    const source = service.source({ maxLogGroups: 1 })
    const iterator = source[Symbol.asyncIterator]()
    const parents = [await nextBatch(iterator), await nextBatch(iterator), await nextBatch(iterator)]
    assert.deepEqual(parents.flatMap(messagesOf), numbered(3, 'parent '))
    await until(() => phaseOf(source, 0) === 'finishing' && phaseOf(source, 1) === 'waiting')
    const finished = collect(source, 'finished')
    const next = iterator.next()
    parents[2]?.ack()
    parents[0]?.ack()
    assert.deepEqual(finished, [])
    parents[1]?.ack()
    const child = await next
    assert.ok(child.done !== true)
    assert.deepEqual(
      finished.map(({ shard, reason }) => [shard, reason]),
      [[0, 'end']]
    )
    assert.ok(['left', 'right'].includes(messagesOf(child.value)[0] ?? ''))
  })

  it('does not make the children wait when order does not matter', async () => {
    await service.write('access', ['parent'])
    service.emulator.splitShard('access', 0)
    await service.write('access', ['left'], low)
    const source = service.source({ inOrder: false })
    const iterator = source[Symbol.asyncIterator]()
    const batches = [await nextBatch(iterator), await nextBatch(iterator)]
    assert.deepEqual(sorted(batches.flatMap(messagesOf)), ['left', 'parent'])
  })

  it('reads a merged shard after both its parents', async () => {
    service.emulator.createLogstore('pair', { shardCount: 2 })
    await service.write('pair', numbered(5, 'left '), low)
    await service.write('pair', numbered(5, 'right '), high)
    service.emulator.mergeShard('pair', 0)
    await service.write('pair', ['merged'])
    const messages = await readMessages(service.source({ logstores: 'pair' }), 11)
    assert.equal(messages[10], 'merged')
    assert.deepEqual(sorted(messages.slice(0, 10)), [...numbered(5, 'left '), ...numbered(5, 'right ')])
  })

  it('begins the merged shard although its parents never had a log', async () => {
    service.emulator.createLogstore('pair', { shardCount: 2 })
    service.emulator.mergeShard('pair', 0)
    await service.write('pair', ['merged'])
    const source = service.source({ logstores: 'pair', consumerGroup: 'readers' })
    assert.deepEqual(await readMessages(source, 1), ['merged'])
    await source.checkpoint()
    const ends = await Promise.all([0, 1].map((shard) => service.client.getCursor('pair', shard, 'end')))
    const checkpoints = await service.client.getCheckpoints('pair', 'readers')
    assert.deepEqual(
      checkpoints.filter(({ shard }) => shard < 2).map(({ cursor }) => cursor),
      ends
    )
  })

  it('keeps the order of each key over several splits and loses nothing', async () => {
    const keys = [low, middle, high]
    const written = new Map<string, string[]>(keys.map((key) => [key, []]))
    const source = service.source({ maxLogGroups: 7 })
    const reading = readMessages(source, 300)
    for (let round = 0; round < 100; round++) {
      for (const [index, key] of keys.entries()) {
        const message = `${index}:${round}`
        await service.write('access', [message], key)
        written.get(key)?.push(message)
      }
      if (round % 25 === 10) {
        const shards = await service.client.listShards('access')
        const open = shards.filter(({ status }) => status === 'readwrite')
        const target = open[round % open.length]
        if (target !== undefined) service.emulator.splitShard('access', target.shardId)
      }
      if (round === 60) {
        const shards = await service.client.listShards('access')
        const first = shards.find(
          ({ status, inclusiveBeginKey }) => status === 'readwrite' && inclusiveBeginKey === low
        )
        if (first !== undefined) service.emulator.mergeShard('access', first.shardId)
      }
    }
    const messages = await reading
    for (const [index, key] of keys.entries()) {
      assert.deepEqual(
        messages.filter((message) => message.startsWith(`${index}:`)),
        written.get(key)
      )
    }
  })

  it('does not read finished shards again after a restart', async () => {
    const state = new MemoryProgressStore()
    await service.write('access', ['parent'])
    service.emulator.splitShard('access', 0)
    await service.write('access', ['left'], low)
    const before = service.source({ state })
    await readMessages(before, 2)
    await before.close()
    await service.write('access', ['later'], low)
    const after = service.source({ state })
    assert.deepEqual(await readMessages(after, 1), ['later'])
    assert.deepEqual(
      after.status().shards.map(({ shard }) => shard),
      [1, 2]
    )
  })

  it('commits the end of a shard that was finished before, should the commit have been missed', async () => {
    const state = new MemoryProgressStore()
    service.emulator.splitShard('access', 0)
    const before = service.source({ state })
    const finished = event(before, 'finished')
    const first = begin(before)
    await finished
    await before.close()
    await first
    const after = service.source({ state, consumerGroup: 'readers' })
    const committed = event(after, 'commit', ({ shard }) => shard === 0)
    const next = begin(after)
    assert.equal((await committed).cursor, await service.client.getCursor('access', 0, 'end'))
    await after.close()
    await next
  })

  it('waits for a parent that another reader reads', async () => {
    await service.write('access', ['parent'])
    service.emulator.splitShard('access', 0)
    await service.write('access', ['left'], low)
    const part = (taskIndex: number) =>
      service.source({
        consumerGroup: 'readers',
        assignment: { type: 'modulo', taskIndex, taskCount: 2 }
      })
    const odd = part(1)
    const child = readMessages(odd, 1)
    await until(() => phaseOf(odd, 1) === 'waiting')
    const even = part(0)
    const iterator = even[Symbol.asyncIterator]()
    const parent = await nextBatch(iterator)
    assert.equal(phaseOf(odd, 1), 'waiting')
    parent.ack()
    assert.deepEqual(await child, ['left'])
  })
})

function phaseOf(source: SlsSource, shard: number): string | undefined {
  return source.status().shards.find((each) => each.shard === shard)?.status
}
