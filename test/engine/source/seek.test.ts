import { strict as assert } from 'node:assert'
import { MemoryProgressStore, type ProgressStore } from '../../../engine/state/progress-store'
import {
  collect,
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

describe('seeking', () => {
  let service: LocalService

  beforeEach(async () => {
    service = await LocalService.start()
  })

  afterEach(async () => {
    await service.close()
  })

  it('to the begin reads everything again, and moves the group back', async () => {
    const state = new MemoryProgressStore()
    await service.write('access', numbered(4))
    const source = service.source({ state, consumerGroup: 'readers' })
    await readMessages(source, 4)
    await source.checkpoint()
    await source.seek({ type: 'begin' })
    const begin = await service.client.getCursor('access', 0, 'begin')
    assert.deepEqual(
      Object.values((await state.load()).shards).map(({ cursor }) => cursor),
      [begin]
    )
    await source.checkpoint()
    assert.equal((await service.client.getCheckpoints('access', 'readers'))[0]?.cursor, begin)
    assert.deepEqual(await readMessages(source, 4), numbered(4))
  })

  it('to the begin moves the group back, although a snapshot from before is still being saved', async () => {
    let save = async (): Promise<void> => undefined
    const store = new MemoryProgressStore()
    const state: ProgressStore = {
      load: () => store.load(),
      save: async (snapshot) => {
        await save()
        await store.save(snapshot)
      }
    }
    await service.write('access', numbered(4))
    const source = service.source({ state, consumerGroup: 'readers', checkpointInterval: 1_000_000 })
    await readMessages(source, 4)
    const saving = new Promise<() => void>((begun) => {
      save = () => new Promise((resolve) => begun(resolve))
    })
    const before = source.checkpoint()
    const proceed = await saving
    save = async () => undefined
    const sought = source.seek({ type: 'begin' })
    proceed()
    await Promise.all([before, sought])
    await source.checkpoint()
    const begin = await service.client.getCursor('access', 0, 'begin')
    assert.equal((await service.client.getCheckpoints('access', 'readers'))[0]?.cursor, begin)
  })

  it('makes acknowledgements of what came before void', async () => {
    await service.write('access', numbered(4))
    const source = service.source({ maxLogGroups: 2 })
    const iterator = source[Symbol.asyncIterator]()
    const first = await nextBatch(iterator)
    await source.seek({ type: 'begin' })
    first.ack()
    first.nack()
    const again = await nextBatch(iterator)
    assert.deepEqual(messagesOf(again), ['0', '1'])
    assert.equal(source.status().shards[0]?.cursor, first.cursor)
    assert.equal(source.status().inFlight.bytes, again.rawSize)
    again.ack()
    assert.deepEqual(await readMessages(source, 2), ['2', '3'])
    assert.equal(source.status().memory.held, 0)
  })

  it('gives the flow nothing of what was fetched before and waited for room', async () => {
    await service.write('access', numbered(4))
    const source = service.source({ maxLogGroups: 1, maxInFlight: 1 })
    const iterator = source[Symbol.asyncIterator]()
    await nextBatch(iterator)
    const next = nextBatch(iterator)
    await until(() => source.status().state === 'waiting')
    await source.seek({ type: 'begin' })
    assert.deepEqual(messagesOf(await next), ['0'])
  })

  it('to the end leaves out what lies between', async () => {
    await service.write('access', numbered(20))
    const source = service.source({ maxLogGroups: 1 })
    await readMessages(source, 1)
    await source.seek({ type: 'end' })
    await service.write('access', ['new'])
    assert.deepEqual(await readMessages(source, 1), ['new'])
  })

  it('may be done with one shard alone', async () => {
    service.emulator.createLogstore('pair', { shardCount: 2 })
    await service.write('pair', ['left'], low)
    await service.write('pair', ['right'], high)
    const source = service.source({ logstores: 'pair' })
    await readMessages(source, 2)
    await source.seek({ type: 'begin' }, { logstore: 'pair', shard: 1 })
    await service.write('pair', ['new'], low)
    assert.deepEqual(sorted(await readMessages(source, 2)), ['new', 'right'])
  })

  it('brings finished shards back, parents before children', async () => {
    await service.write('access', numbered(2, 'parent '))
    service.emulator.splitShard('access', 0)
    await service.write('access', ['left'], low)
    const source = service.source()
    const finished = collect(source, 'finished')
    await readMessages(source, 3)
    assert.equal(finished.length, 1)
    await source.seek({ type: 'begin' })
    assert.deepEqual(await readMessages(source, 3), ['parent 0', 'parent 1', 'left'])
    assert.equal(finished.length, 2)
  })

  it('before anything was read is where the reading begins', async () => {
    await service.write('access', numbered(3, 'old '))
    const source = service.source({ position: { type: 'begin' } })
    await source.seek({ type: 'end' })
    await service.write('access', ['new'])
    assert.deepEqual(await readMessages(source, 1), ['new'])
  })

  it('refuses what it cannot do, and says why', async () => {
    const source = service.source()
    await assert.rejects(source.seek({ type: 'timestamp', time: -1 }), {
      code: 'InvalidOption',
      field: 'position'
    })
    await assert.rejects(source.seek({ type: 'checkpoint' }), { code: 'InvalidOption', field: 'position' })
    await assert.rejects(source.seek({ type: 'begin' }, { logstore: 'access', shard: 7 }), { field: 'shard' })
    await source.close()
    await assert.rejects(source.seek({ type: 'begin' }), { code: 'Closed' })
  })
})
