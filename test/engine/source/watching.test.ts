import { strict as assert } from 'node:assert'
import { decodeCursor, encodeCursor } from '../../../engine/client/cursor'
import { SlsError } from '../../../engine/client/errors'
import { SlsSource } from '../../../engine/source/source'
import type { SourceClient } from '../../../engine/source/source-client'
import {
  clientWith,
  collect,
  event,
  LocalService,
  messagesOf,
  nextBatch,
  numbered,
  readMessages
} from './local-service'
import { ShardStore } from './shard-store'
import { VirtualClock } from './virtual-clock'

describe('a source that is watched', () => {
  let service: LocalService

  beforeEach(async () => {
    service = await LocalService.start()
  })

  afterEach(() => service.close())

  it('tells of positions that hold no log group', async () => {
    await service.write('access', numbered(6))
    const client = clientWith(service.client, {
      pullLogs: async (request, signal) => {
        const begin = decodeCursor(await service.client.getCursor('access', 0, 'begin'))
        // As if two log groups behind the first two were not there any more.
        if (decodeCursor(request.cursor) < begin + 2n) {
          const result = await service.client.pullLogs({ ...request, count: 2 }, signal)
          return { ...result, nextCursor: encodeCursor(begin + 4n) }
        }
        return service.client.pullLogs(request, signal)
      }
    })
    const source = service.source({ client })
    const gaps = collect(source, 'gap')
    assert.deepEqual(await readMessages(source, 4), ['0', '1', '4', '5'])
    assert.deepEqual(
      gaps.map(({ logstore, shard, groups }) => [logstore, shard, groups]),
      [['access', 0, 2]]
    )
    assert.equal(source.status().counts.missing, 2)
  })

  it('replaces the reader of a shard whose fetch hangs, it alone, and repeats nothing', async () => {
    service.emulator.createLogstore('two', { shardCount: 2 })
    const keys = ['0', 'f'].map((digit) => digit.repeat(32))
    for (const key of keys) await service.write('two', numbered(3, `${key[0]} `), key)
    let hung = 0
    const client = clientWith(service.client, {
      pullLogs: (request, signal) => {
        if (request.shard === 1 && hung++ === 0) return new Promise(() => undefined)
        return service.client.pullLogs(request, signal)
      }
    })
    const source = service.source({ client, logstores: 'two', stallTimeout: 60 })
    const stalls = collect(source, 'stalled')
    const messages = await readMessages(source, 6)
    assert.equal(new Set(messages).size, 6)
    assert.deepEqual(
      stalls.map(({ logstore, shard }) => [logstore, shard]),
      [['two', 1]]
    )
    assert.equal(source.status().counts.stalls, 1)
  })

  it('measures how far behind the ends of the shards it is, and says when it has caught up', async () => {
    const clock = new VirtualClock()
    const store = new ShardStore(1)
    for (const message of numbered(20)) store.write(0, message)
    const client = store.client(() => clock.during(new Promise((resolve) => setImmediate(resolve))))
    const source = new SlsSource({ client, logstores: 'access', clock, maxLogGroups: 5, memoryLimit: 1 })
    const iterator = source[Symbol.asyncIterator]()
    const first = await nextBatch(iterator)
    const behind = await event(source, 'lag')
    assert.equal(behind.groups, 20)
    assert.equal(source.status().lagGroups, 20)
    assert.deepEqual(
      source.metrics().find(({ name }) => name === 'sls_source_shard_lag_log_groups'),
      {
        name: 'sls_source_shard_lag_log_groups',
        type: 'gauge',
        help: 'Log groups up to the end',
        labels: { logstore: 'access', shard: '0' },
        value: 20
      }
    )
    const caughtUp = event(source, 'lag', ({ groups }) => groups === 0)
    first.ack()
    for (let left = 15; left > 0; ) {
      const batch = await nextBatch(iterator)
      left -= messagesOf(batch).length
      batch.ack()
    }
    const next = iterator.next()
    await caughtUp
    assert.equal(source.status().lagGroups, 0)
    await source.close()
    await next
  })

  it('says once that the flow has taken nothing for a minute', async () => {
    const clock = new VirtualClock()
    const store = new ShardStore(1)
    for (const message of numbered(20)) store.write(0, message)
    const client = store.client(() => clock.during(new Promise((resolve) => setImmediate(resolve))))
    const source = new SlsSource({ client, logstores: 'access', clock, maxLogGroups: 5 })
    const held = collect(source, 'held')
    await nextBatch(source[Symbol.asyncIterator]())
    await clock.delay(200_000)
    assert.equal(held.length, 1)
    assert.ok((held[0]?.duration ?? 0) >= 60_000)
    await source.close()
  })

  it('names its figures as Prometheus does, each once a place, counters that never go down', async () => {
    await service.write('access', numbered(5))
    const source = service.source()
    await readMessages(source, 5)
    const before = source.metrics()
    for (const { name, type, labels } of before) {
      assert.match(name, /^sls_source_[a-z_]+$/)
      assert.equal(name.endsWith('_total'), type === 'counter', name)
      const same = before.filter((other) => other.name === name && other.labels['shard'] === labels['shard'])
      assert.equal(same.length, 1, name)
    }
    await source.seek({ type: 'begin' })
    await readMessages(source, 5)
    const value = (name: string) => source.metrics().find((metric) => metric.name === name)?.value
    for (const { name, type, value: was } of before) {
      if (type === 'counter') assert.ok((value(name) ?? 0) >= was, name)
    }
    assert.equal(value('sls_source_logs_total'), 10)
  })
})

describe('the pulls of sources that share a client', () => {
  it('are sixteen at once at most, and apart from each other after an exceeded quota', async () => {
    const clock = new VirtualClock()
    const store = new ShardStore(40)
    const real = store.client(() => clock.during(new Promise((resolve) => setImmediate(resolve))))
    let running = 0
    let most = 0
    let isOver: boolean = false
    const starts: number[] = []
    const client: SourceClient = {
      ...real,
      pullLogs: async (...call) => {
        most = Math.max(most, ++running)
        starts.push(clock.now())
        try {
          await clock.delay(10)
          if (isOver)
            throw new SlsError('ReadQuotaExceed', 'over', { status: 403, retryability: 'transient' })
          return await real.pullLogs(...call)
        } finally {
          running--
        }
      }
    }
    const options = { client, logstores: 'access', clock, memoryLimit: 0, random: () => 0.5 }
    const sources = [1, 2].map(() => new SlsSource(options))
    const reading = sources.map((source) => source[Symbol.asyncIterator]().next())
    await clock.delay(30_000)
    assert.equal(most, 16)
    const pullsFrom = (from: number) => starts.filter((start) => start >= from).length
    const calm = clock.now()
    await clock.delay(10_000)
    const usual = pullsFrom(calm)
    isOver = true
    await clock.delay(30_000)
    const from = clock.now()
    await clock.delay(10_000)
    const refused = pullsFrom(from)
    assert.ok(refused < 10, `${refused} pulls in 10 s`)
    isOver = false
    await clock.delay(60_000)
    const later = clock.now()
    await clock.delay(10_000)
    const again = pullsFrom(later)
    assert.ok(usual > 100 && again > usual * 0.9, `${again} pulls in 10 s, ${usual} before`)
    await Promise.all(sources.map((source) => source.close()))
    await Promise.all(reading)
  })
})
