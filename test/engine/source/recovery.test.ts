import { strict as assert } from 'node:assert'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import * as path from 'node:path'
import { SlsClient } from '../../../engine/client/client'
import { decodeCursor, encodeCursor } from '../../../engine/client/cursor'
import { SlsError } from '../../../engine/client/errors'
import { systemClock } from '../../../engine/source/clock'
import { FileProgressStore, MemoryProgressStore } from '../../../engine/state/progress-store'
import {
  begin,
  clientWith,
  collect,
  event,
  LocalService,
  messagesOf,
  nextBatch,
  numbered,
  quickRetry,
  readMessages,
  until
} from './local-service'

/** A clock of which each wait is a thousandth, and the waits between attempts at a refused cursor. */
function hastyClock() {
  const waits: number[] = []
  const delay = (ms: number, signal?: AbortSignal) => {
    if ([2000, 4000, 8000, 16_000, 30_000].includes(ms)) waits.push(ms)
    return systemClock.delay(ms / 1000, signal)
  }
  return { clock: { now: () => Date.now(), delay }, waits }
}

describe('a source in trouble', () => {
  let service: LocalService
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sls-source-'))
    service = await LocalService.start({ data: path.join(folder, 'service') })
  })

  afterEach(async () => {
    await service.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('says so when the service is away, and goes on when it is back', async () => {
    await service.write('access', numbered(3))
    const source = service.source({ consumerGroup: 'readers' })
    assert.deepEqual(await readMessages(source, 3), numbered(3))
    const failed = event(source, 'error')
    await service.stop()
    const rest = readMessages(source, 1)
    assert.equal((await failed).error.code, 'NetworkError')
    assert.equal(source.status().state, 'error')
    assert.equal(source.status().lastError?.code, 'NetworkError')
    const recovered = event(source, 'recovered')
    await service.startAgain()
    await recovered
    await service.write('access', ['later'])
    assert.deepEqual(await rest, ['later'])
    await until(() => source.status().lastError === undefined)
  })

  it('tells once of an outage that many shards meet', async () => {
    service.emulator.createLogstore('wide', { shardCount: 6 })
    const source = service.source({ logstores: 'wide' })
    const next = begin(source)
    await until(() => source.status().shards.filter(({ fetches }) => fetches > 0).length === 6)
    const errors = collect(source, 'error')
    const recoveries = collect(source, 'recovered')
    await service.stop()
    const attempts = collect(source, 'retry')
    await until(
      () => new Set(attempts.filter(({ attempt }) => attempt > 8).map(({ shard }) => shard)).size === 7
    )
    await service.startAgain()
    await until(() => source.status().lastError === undefined)
    assert.equal(errors.length, 1)
    assert.equal(recoveries.length, 1)
    await source.close()
    await next
  })

  it('waits for a logstore that does not exist, and reads all of it once it does', async () => {
    const source = service.source({ logstores: 'late', position: { type: 'end' } })
    const failed = event(source, 'error')
    const messages = readMessages(source, 2)
    const { error, logstore } = await failed
    assert.equal(error.code, 'LogStoreNotExist')
    assert.equal(logstore, 'late')
    service.emulator.createLogstore('late', { shardCount: 1 })
    await service.write('late', ['first', 'second'])
    assert.deepEqual(await messages, ['first', 'second'])
  })

  it('reads the other logstores while one does not exist', async () => {
    await service.write('access', ['one'])
    const source = service.source({ logstores: ['absent', 'access'] })
    assert.deepEqual(await readMessages(source, 1), ['one'])
  })

  it('reads a logstore that was deleted and created again from its begin', async () => {
    const source = service.source({ state: new MemoryProgressStore() })
    await service.write('access', numbered(3, 'old '))
    await readMessages(source, 3)
    const failed = event(source, 'error')
    const rest = readMessages(source, 2)
    service.emulator.deleteLogstore('access')
    assert.equal((await failed).error.code, 'LogStoreNotExist')
    service.emulator.createLogstore('access', { shardCount: 1 })
    await service.write('access', ['new 0', 'new 1'])
    assert.deepEqual(await rest, ['new 0', 'new 1'])
  })

  it('names a wrong key within its few retries, and goes on once it is right', async () => {
    const credentials = { accessKeyId: 'id', accessKeySecret: 'wrong' }
    const { endpoint, project } = service.emulator
    const client = new SlsClient({
      endpoint,
      project,
      credentials: { getCredentials: async () => ({ ...credentials }) },
      retry: quickRetry
    })
    const source = service.source({ client })
    const failed = event(source, 'error')
    const messages = readMessages(source, 1)
    const { error } = await failed
    assert.equal(error.code, 'SignatureNotMatch')
    assert.equal(error.attempts, quickRetry.maxRetries + 1)
    assert.doesNotMatch(error.describe(), /wrong/)
    credentials.accessKeySecret = 'secret'
    await service.write('access', ['one'])
    assert.deepEqual(await messages, ['one'])
    client.close()
  })

  it('says within its few retries that an endpoint is wrong, before anything was ever answered', async () => {
    await service.stop()
    const source = service.source()
    const failed = event(source, 'error')
    const next = begin(source)
    const { error } = await failed
    assert.equal(error.code, 'NetworkError')
    assert.equal(error.attempts, quickRetry.maxRetries + 1)
    await service.startAgain()
    await service.write('access', ['one'])
    assert.equal((await next).done, false)
  })

  for (const kind of ['corruptBody', 'halfBody', 'cutBefore', 'cutAfter'] as const) {
    it(`fetches again what came with the fault ${kind}`, async () => {
      await service.write('access', numbered(50))
      service.emulator.addFault({ kind, call: 'PullLogs', probability: 0.5, seed: 7 })
      const source = service.source({ maxLogGroups: 3 })
      const retries = collect(source, 'retry')
      assert.deepEqual(await readMessages(source, 50), numbered(50))
      assert.ok(retries.length > 0)
    })
  }

  it('slows a shard down whose quota is exceeded, without a loss', async () => {
    await service.write('access', numbered(20))
    service.emulator.addFault({
      kind: 'error',
      call: 'PullLogs',
      status: 403,
      code: 'ShardReadQuotaExceed',
      count: 2
    })
    const source = service.source({ maxLogGroups: 10 })
    const errors = collect(source, 'error')
    assert.deepEqual(await readMessages(source, 20), numbered(20))
    assert.deepEqual(errors, [])
  })

  it('goes on at the oldest log group where its cursor is too old, and says what is lost', async () => {
    const state = new MemoryProgressStore()
    await service.write('access', numbered(10))
    const before = service.source({ state, maxLogGroups: 2 })
    const iterator = before[Symbol.asyncIterator]()
    ;(await nextBatch(iterator)).ack()
    await before.close()
    service.emulator.addFault({ kind: 'expireCursors', logstore: 'access', keep: 3 })
    const after = service.source({ state })
    const skips = collect(after, 'skipped')
    assert.deepEqual(await readMessages(after, 3), ['7', '8', '9'])
    assert.equal(skips.length, 1)
    assert.equal(skips[0]?.groups, 5)
    assert.equal(after.status().shards[0]?.skips, 1)
  })

  it('says how long a span is lost where it has read before', async () => {
    await service.write('access', numbered(6))
    const source = service.source({ maxLogGroups: 1, memoryLimit: 1 })
    const iterator = source[Symbol.asyncIterator]()
    const first = await nextBatch(iterator)
    const skipped = event(source, 'skipped')
    service.emulator.addFault({ kind: 'expireCursors', logstore: 'access', keep: 2 })
    first.ack()
    const next = nextBatch(iterator)
    const { groups, seconds } = await skipped
    assert.equal(groups, 3)
    assert.ok(seconds !== undefined && seconds >= 0 && seconds < 60)
    assert.deepEqual(messagesOf(await next), ['4'])
  })

  it('reads from the begin where its cursor was never one of this shard', async () => {
    const state = new MemoryProgressStore()
    const cursor = Buffer.from('9000000000000000000').toString('base64')
    await state.save({ version: 1, shards: { 'demo/access/0': { cursor, updateTime: 1 } } })
    await service.write('access', numbered(2))
    const source = service.source({ state })
    const skipped = event(source, 'skipped')
    assert.deepEqual(await readMessages(source, 2), numbered(2))
    const { from, groups } = await skipped
    assert.equal(from, cursor)
    assert.equal(groups, undefined)
  })

  it('says that the cursor which the service names as its oldest is refused, and goes on once it is not', async () => {
    let refusals = 4
    const client = clientWith(service.client, {
      pullLogs: async (request, signal) => {
        if (refusals-- > 0) throw new SlsError('InvalidCursor', 'PullLogs: Invalid cursor', { status: 400 })
        return service.client.pullLogs(request, signal)
      }
    })
    const clock = {
      now: () => Date.now(),
      delay: (ms: number, signal?: AbortSignal) => systemClock.delay(ms / 100, signal)
    }
    await service.write('access', numbered(2))
    const source = service.source({ client, clock })
    const errors = collect(source, 'error')
    assert.deepEqual(await readMessages(source, 2), numbered(2))
    assert.deepEqual(
      errors.map(({ api, logstore, shard, error }) => [api, logstore, shard, error.code]),
      [['pullLogs', 'access', 0, 'InvalidCursor']]
    )
  })

  it('goes back once only for a cursor that is refused again and again, then waits longer each time and says so', async () => {
    await service.write('access', numbered(2))
    const refused = await service.client.getCursor('access', 0, 'end')
    await service.write('access', ['later'])
    let refusals = 6
    const client = clientWith(service.client, {
      pullLogs: async (request, signal) => {
        if (request.cursor === refused && refusals-- > 0)
          throw new SlsError('InvalidCursor', 'PullLogs: Invalid cursor', { status: 400 })
        return service.client.pullLogs({ ...request, count: 1 }, signal)
      }
    })
    const { clock, waits } = hastyClock()
    const source = service.source({ client, clock })
    const errors = collect(source, 'error')
    const skipped = collect(source, 'skipped')
    assert.deepEqual(await readMessages(source, 5), [...numbered(2), ...numbered(2), 'later'])
    assert.equal(skipped.length, 1)
    assert.deepEqual(
      errors.map(({ api, error }) => [api, error.code]),
      [['pullLogs', 'InvalidCursor']]
    )
    assert.deepEqual(waits, [2000, 4000, 8000, 16_000, 30_000])
  })

  it('waits where the service names another oldest cursor each time and refuses all', async () => {
    await service.write('access', numbered(20))
    const oldest = decodeCursor(await service.client.getCursor('access', 0, 'begin'))
    let named = oldest + 6n
    const client = clientWith(service.client, {
      getCursor: async (logstore, shard, from, signal) => {
        if (from !== 'begin' || named === oldest)
          return service.client.getCursor(logstore, shard, from, signal)
        return encodeCursor(named--)
      },
      pullLogs: async (request, signal) => {
        if (decodeCursor(request.cursor) > oldest)
          throw new SlsError('InvalidCursor', 'PullLogs: Invalid cursor', { status: 400 })
        return service.client.pullLogs(request, signal)
      }
    })
    const { clock, waits } = hastyClock()
    const source = service.source({ client, clock })
    const skipped = collect(source, 'skipped')
    const { value } = await begin(source)
    assert.equal(value?.cursor, encodeCursor(oldest))
    assert.deepEqual(waits, [2000, 4000, 8000, 16_000, 30_000])
    assert.equal(skipped.length, 6)
  })

  it('whose saved progress is damaged keeps it aside, says so and reads on', async () => {
    const file = path.join(folder, 'progress.json')
    const state = new FileProgressStore(file)
    await service.write('access', numbered(2))
    const before = service.source({ state, consumerGroup: 'readers' })
    await readMessages(before, 2)
    await before.close()
    const { writeFile } = await import('node:fs/promises')
    await writeFile(file, '{"checksum":')
    await writeFile(`${file}.previous`, 'nothing')
    const after = service.source({ state: new FileProgressStore(file), consumerGroup: 'readers' })
    const failed = event(after, 'error')
    const starts = event(after, 'start')
    await service.write('access', ['later'])
    assert.deepEqual(await readMessages(after, 1), ['later'])
    assert.match((await failed).error.message, /damaged.*kept as/)
    assert.equal((await starts).origin, 'group')
  })

  it('whose own store gives no progress says which field is wrong, and reads once it is right', async () => {
    const given: unknown[] = [
      undefined,
      { version: 1, shards: { 'demo/access/0': { cursor: 3, updateTime: 1 } } },
      { version: 1, shards: {} }
    ]
    const state = new MemoryProgressStore()
    state.load = async () => given.shift() as Awaited<ReturnType<typeof state.load>>
    const source = service.source({ state })
    const messages: string[] = []
    source.on('retry', ({ error }) => messages.push(error.message))
    await service.write('access', ['one'])
    assert.deepEqual(await readMessages(source, 1), ['one'])
    assert.match(messages[0] ?? '', /^The progress cannot be used: it is no object$/)
    assert.match(messages[1] ?? '', /shards\.demo\/access\/0\.cursor is 3, not a cursor/)
  })

  it('never lets a failing listener harm it', async () => {
    const warnings: string[] = []
    const listener = (warning: Error) => warnings.push(warning.name)
    process.on('warning', listener)
    const source = service.source()
    source.on('start', () => {
      throw new Error('from a listener')
    })
    await service.write('access', ['one'])
    assert.deepEqual(await readMessages(source, 1), ['one'])
    await until(() => warnings.includes('SlsSourceListener') || warnings.length > 0)
    process.off('warning', listener)
  })
})
