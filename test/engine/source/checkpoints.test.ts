import { strict as assert } from 'node:assert'
import { SlsError } from '../../../engine/client/errors'
import {
  MemoryProgressStore,
  type ProgressSnapshot,
  type ProgressStore
} from '../../../engine/state/progress-store'
import { collect, event, LocalService, nextBatch, numbered, readMessages, until } from './local-service'

describe('checkpoints', () => {
  let service: LocalService

  beforeEach(async () => {
    service = await LocalService.start()
  })

  afterEach(async () => {
    await service.close()
  })

  async function checkpoint(): Promise<string | undefined> {
    return (await service.client.getCheckpoints('access', 'readers')).find(({ shard }) => shard === 0)?.cursor
  }

  it('create the consumer group as the Flink connector does', async () => {
    const source = service.source({ consumerGroup: 'readers' })
    await service.write('access', ['one'])
    await readMessages(source, 1)
    await source.checkpoint()
    assert.deepEqual(await service.client.listConsumerGroups('access'), [
      { name: 'readers', timeout: 100, order: false }
    ])
  })

  it('leave a consumer group that exists as it is', async () => {
    await service.client.createConsumerGroup('access', { name: 'readers', timeout: 30, order: true })
    const source = service.source({ consumerGroup: 'readers' })
    await service.write('access', ['one'])
    await readMessages(source, 1)
    await source.checkpoint()
    assert.deepEqual(await service.client.listConsumerGroups('access'), [
      { name: 'readers', timeout: 30, order: true }
    ])
  })

  it('on checkpoints, commit what the local state has made durable', async () => {
    const saved: string[] = []
    const state = new MemoryProgressStore()
    const recording: ProgressStore = {
      load: () => state.load(),
      save: async (snapshot) => {
        await state.save(snapshot)
        saved.push(...Object.values(snapshot.shards).map(({ cursor }) => cursor))
      }
    }
    const source = service.source({ consumerGroup: 'readers', state: recording })
    source.on('commit', ({ cursor }) => assert.ok(saved.includes(cursor), 'committed before it was durable'))
    await service.write('access', numbered(5))
    await readMessages(source, 5)
    const end = await service.client.getCursor('access', 0, 'end')
    await until(async () => (await checkpoint()) === end)
  })

  it('commit nothing where the local state cannot be saved', async () => {
    let fails: boolean = false
    const state = new MemoryProgressStore()
    const failing: ProgressStore = {
      load: () => state.load(),
      save: async (snapshot) => {
        if (fails) throw new SlsError('State', 'the disk is full', { retryability: 'ordinary' })
        await state.save(snapshot)
      }
    }
    const source = service.source({ consumerGroup: 'readers', state: failing })
    await service.write('access', ['one'])
    const batch = await nextBatch(source[Symbol.asyncIterator]())
    await source.checkpoint()
    fails = true
    const failed = event(source, 'error')
    batch.ack()
    assert.equal((await failed).error.code, 'State')
    await assert.rejects(source.checkpoint(), { code: 'State' })
    assert.equal(await checkpoint(), batch.cursor)
    const recovered = event(source, 'recovered')
    fails = false
    await recovered
    await until(async () => (await checkpoint()) === batch.nextCursor)
  })

  it('periodically, commit what is acknowledged', async () => {
    const source = service.source({
      consumerGroup: 'readers',
      checkpointMode: 'periodic',
      commitInterval: 20,
      checkpointInterval: 1_000_000
    })
    await service.write('access', numbered(2))
    await readMessages(source, 2)
    const end = await service.client.getCursor('access', 0, 'end')
    await until(async () => (await checkpoint()) === end)
  })

  it('where they are disabled, neither create nor touch the group', async () => {
    const source = service.source({ consumerGroup: 'readers', checkpointMode: 'disabled' })
    await service.write('access', ['one'])
    await readMessages(source, 1)
    await source.checkpoint()
    await source.close()
    assert.deepEqual(await service.client.listConsumerGroups('access'), [])
  })

  it('commit only what has changed', async () => {
    const source = service.source({ consumerGroup: 'readers', checkpointInterval: 10 })
    await service.write('access', ['one'])
    await readMessages(source, 1)
    await source.checkpoint()
    const calls = () => service.emulator.stats().calls['UpdateCheckPoint']
    const before = JSON.stringify(calls())
    for (let count = 0; count < 5; count++) await source.checkpoint()
    assert.equal(JSON.stringify(calls()), before)
  })

  it('never move the group back', async () => {
    const state = new MemoryProgressStore()
    await service.write('access', numbered(5))
    const options = { state, consumerGroup: 'readers', maxLogGroups: 1 }
    const before = service.source(options)
    const iterator = before[Symbol.asyncIterator]()
    ;(await nextBatch(iterator)).ack()
    await before.close()
    const end = await service.client.getCursor('access', 0, 'end')
    await service.client.updateCheckpoint({
      logstore: 'access',
      group: 'readers',
      shard: 0,
      cursor: end,
      force: true
    })
    const after = service.source(options)
    await readMessages(after, 2)
    await after.checkpoint()
    assert.equal(await checkpoint(), end)
    await after.close()
  })

  it('resume after the further of group and local state where another reader may have had the shard', async () => {
    const state = new MemoryProgressStore()
    await service.write('access', numbered(5))
    const before = service.source({ state, consumerGroup: 'readers', maxLogGroups: 1 })
    ;(await nextBatch(before[Symbol.asyncIterator]())).ack()
    await before.close()
    const first = BigInt(
      Buffer.from(await service.client.getCursor('access', 0, 'begin'), 'base64').toString()
    )
    const cursor = Buffer.from(String(first + 3n)).toString('base64')
    await service.client.updateCheckpoint({
      logstore: 'access',
      group: 'readers',
      shard: 0,
      cursor,
      force: true
    })
    const moved = service.source({
      state,
      consumerGroup: 'readers',
      assignment: { type: 'modulo', taskIndex: 0, taskCount: 2 }
    })
    assert.deepEqual(await readMessages(moved, 2), ['3', '4'])
  })

  it('that fail are told of and tried again with what is acknowledged by then', async () => {
    const source = service.source({ consumerGroup: 'readers', maxLogGroups: 1 })
    await service.write('access', numbered(3))
    const iterator = source[Symbol.asyncIterator]()
    const first = await nextBatch(iterator)
    await source.checkpoint()
    const fault = service.emulator.addFault({
      kind: 'error',
      call: 'UpdateCheckPoint',
      code: 'InternalServerError'
    })
    const failed = event(source, 'commitFailed')
    first.ack()
    assert.equal((await failed).error.code, 'InternalServerError')
    const second = await nextBatch(iterator)
    second.ack()
    assert.ok(source.status().commits.failed > 0)
    await assert.rejects(source.checkpoint(), { code: 'InternalServerError' })
    service.emulator.removeFault(fault)
    await until(async () => (await checkpoint()) === second.nextCursor)
    assert.equal(source.status().state === 'error' || source.status().state === 'retrying', false)
  })

  it('name the permission that is missing, and go on as soon as it is granted', async () => {
    const fault = service.emulator.addFault({
      kind: 'error',
      call: 'CreateConsumerGroup',
      status: 401,
      code: 'Unauthorized'
    })
    const source = service.source({ consumerGroup: 'readers' })
    const failed = event(source, 'error')
    const messages = readMessages(source, 1)
    const { error, api } = await failed
    assert.equal(api, 'createConsumerGroup')
    assert.match(error.describe(), /log:CreateConsumerGroup/)
    assert.equal(source.status().state, 'error')
    assert.match(source.status().lastError?.message ?? '', /log:CreateConsumerGroup/)
    const recovered = event(source, 'recovered')
    service.emulator.removeFault(fault)
    await recovered
    await service.write('access', ['one'])
    assert.deepEqual(await messages, ['one'])
  })

  it('make the group anew when somebody deleted it', async () => {
    const source = service.source({ consumerGroup: 'readers' })
    await service.write('access', ['one'])
    await readMessages(source, 1)
    await source.checkpoint()
    service.emulator.addFault({
      kind: 'error',
      call: 'UpdateCheckPoint',
      status: 404,
      code: 'ConsumerGroupNotExist',
      count: 1
    })
    await service.write('access', ['two'])
    await readMessages(source, 1)
    await source.checkpoint()
    assert.equal(await checkpoint(), await service.client.getCursor('access', 0, 'end'))
  })

  it('are made a last time when the source is closed', async () => {
    const state = new MemoryProgressStore()
    const source = service.source({ state, consumerGroup: 'readers', checkpointInterval: 1_000_000 })
    await service.write('access', numbered(4))
    await readMessages(source, 4)
    await source.close()
    const end = await service.client.getCursor('access', 0, 'end')
    assert.equal(await checkpoint(), end)
    assert.deepEqual(
      Object.values((await state.load()).shards).map(({ cursor }) => cursor),
      [end]
    )
  })

  it('do not hold up closing beyond its time-out', async () => {
    const source = service.source({ consumerGroup: 'readers', closeTimeout: 100 })
    await service.write('access', numbered(4))
    const batch = await nextBatch(source[Symbol.asyncIterator]())
    await source.checkpoint()
    service.emulator.addFault({ kind: 'error', call: 'UpdateCheckPoint', code: 'InternalServerError' })
    batch.ack()
    await source.close()
    assert.equal(source.status().state, 'closed')
    assert.equal(await checkpoint(), batch.cursor)
  })

  it('do not wipe progress when the source is closed before it could load it', async () => {
    let saved: ProgressSnapshot | undefined
    const state: ProgressStore = {
      load: () => Promise.reject(new SlsError('State', 'not yet', { retryability: 'ordinary' })),
      save: async (snapshot) => {
        saved = snapshot
      }
    }
    const source = service.source({ state })
    const failed = event(source, 'error')
    const next = source[Symbol.asyncIterator]().next()
    await failed
    await source.checkpoint().catch(() => undefined)
    await source.close()
    await next
    assert.equal(saved, undefined)
  })

  it('remember the shards of a logstore that cannot be seen at the moment', async () => {
    service.emulator.createLogstore('other', { shardCount: 1 })
    const state = new MemoryProgressStore()
    const options = { state, logstores: ['access', 'other'] }
    await service.write('access', ['one'])
    await service.write('other', ['one'])
    const before = service.source(options)
    await readMessages(before, 2)
    await before.close()
    const fault = service.emulator.addFault({
      kind: 'error',
      call: 'ListShards',
      logstore: 'other',
      status: 503,
      code: 'ServerBusy'
    })
    const during = service.source(options)
    const retries = event(during, 'retry')
    await service.write('access', ['two'])
    await readMessages(during, 1)
    await retries
    await during.close()
    service.emulator.removeFault(fault)
    await service.write('other', ['two'])
    const after = service.source(options)
    const origins = collect(after, 'start')
    assert.deepEqual(await readMessages(after, 1), ['two'])
    await until(() => origins.length === 2)
    assert.deepEqual([...new Set(origins.map(({ origin }) => origin))], ['local'])
  })
})
