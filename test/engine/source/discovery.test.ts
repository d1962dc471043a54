import { strict as assert } from 'node:assert'
import { withRetry } from '../../../engine/client/retry'
import {
  collect,
  LocalService,
  messagesOf,
  numbered,
  quickRetry,
  readMessages,
  sorted,
  until
} from './local-service'

describe('discovery', () => {
  let service: LocalService

  beforeEach(async () => {
    service = await LocalService.start({ logstores: ['access:2', 'audit:1', 'other:1'] })
  })

  afterEach(async () => {
    await service.close()
  })

  it('finds every logstore of a list', async () => {
    await service.write('access', numbered(4, 'access '))
    await service.write('audit', ['audit'])
    await service.write('other', ['other'])
    const messages = await readMessages(service.source({ logstores: ['access', 'audit'] }), 5)
    assert.deepEqual(sorted(messages), [...numbered(4, 'access '), 'audit'])
  })

  it('finds the logstores whose whole name matches an expression', async () => {
    service.emulator.createLogstore('my-audit-2', { shardCount: 1 })
    await service.write('audit', ['audit'])
    await service.write('my-audit-2', ['no match'])
    await service.write('other', ['other'])
    const source = service.source({ logstores: /a.*|other/ })
    const found = collect(source, 'shards')
    assert.deepEqual(sorted(await readMessages(source, 2)), ['audit', 'other'])
    assert.deepEqual(sorted(new Set(found.map(({ logstore }) => logstore))), ['access', 'audit', 'other'])
  })

  it('reads a logstore that comes to match later from its first log group', async () => {
    const source = service.source({ logstores: /new-.*|other/, position: { type: 'end' } })
    const messages = readMessages(source, 1)
    await until(() => source.status().shards.length === 1)
    service.emulator.createLogstore('new-one', { shardCount: 1 })
    await service.write('new-one', ['first'])
    assert.deepEqual(await messages, ['first'])
  })

  it('lets go of a logstore that is not there any more, and takes it up again', async () => {
    const source = service.source({ logstores: /audit|other/ })
    const changes = collect(source, 'shards')
    const messages = readMessages(source, 1)
    await until(() => changes.length === 2)
    service.emulator.deleteLogstore('audit')
    await until(() => changes.some(({ logstore, removed }) => logstore === 'audit' && removed.length === 1))
    service.emulator.createLogstore('audit', { shardCount: 1 })
    await service.write('audit', ['again'])
    assert.deepEqual(await messages, ['again'])
  })

  for (const [when, step] of [
    ['later', 1000],
    ['with a clock that was set back', -3_600_000]
  ] as const) {
    it(`reads a logstore that was deleted and created again between two looks, ${when}, and commits it`, async () => {
      let shift = 0
      const dated = await LocalService.start({ clock: () => Date.now() + shift })
      try {
        await dated.write('access', numbered(5, 'old '))
        const source = dated.source({ consumerGroup: 'readers', discoveryInterval: 60_000 })
        const messages: string[] = []
        const reading = (async () => {
          for await (const batch of source) {
            messages.push(...messagesOf(batch))
            batch.ack()
          }
        })()
        await until(() => messages.length === 5)
        await source.checkpoint()
        shift = step
        dated.emulator.deleteLogstore('access')
        dated.emulator.createLogstore('access', { shardCount: 1 })
        // The client learns of the service's time by the first answer that refuses its own.
        await withRetry(() => dated.client.listShards('access'), { policy: quickRetry })
        await dated.write('access', numbered(3, 'new '))
        await until(() => new Set(messages).size === 8)
        const end = await dated.client.getCursor('access', 0, 'end')
        await until(async () => {
          await source.checkpoint().catch(() => undefined)
          const checkpoints = await dated.client.getCheckpoints('access', 'readers').catch(() => [])
          return checkpoints[0]?.cursor === end
        })
        assert.deepEqual(sorted(messages), sorted([...numbered(5, 'old '), ...numbered(3, 'new ')]))
        await source.close()
        await reading
      } finally {
        await dated.close()
      }
    })
  }

  it('divides the shards between readers by modulo', async () => {
    service.emulator.createLogstore('wide', { shardCount: 5 })
    const messages = numbered(40)
    for (const [index, message] of messages.entries()) {
      await service.write('wide', [message], (index % 16).toString(16).repeat(32))
    }
    const sources = [0, 1, 2].map((taskIndex) =>
      service.source({ logstores: 'wide', assignment: { type: 'modulo', taskIndex, taskCount: 3 } })
    )
    const read: string[][] = sources.map(() => [])
    const readers = sources.map(async (source, index) => {
      for await (const batch of source) {
        read[index]?.push(...batch.logs.map(({ contents }) => contents[0]?.[1] ?? ''))
        batch.ack()
      }
    })
    await until(() => read.flat().length >= 40)
    assert.deepEqual(sorted(read.flat()), sorted(messages))
    assert.deepEqual(
      sources.map((source) => source.status().shards.map(({ shard }) => shard)),
      [[0, 3], [1, 4], [2]]
    )
    await Promise.all(sources.map((source) => source.close()))
    await Promise.all(readers)
  })

  it('says that a custom assignment cannot decide, and reads the other shards', async () => {
    await service.write('access', ['right'], 'f0'.padEnd(32, '0'))
    const source = service.source({
      assignment: {
        type: 'custom',
        taskIndex: 0,
        taskCount: 1,
        assign: ({ shardId }) => (shardId === 0 ? Number.NaN : 7)
      }
    })
    const errors = collect(source, 'error')
    assert.deepEqual(await readMessages(source, 1), ['right'])
    await until(() => (service.emulator.stats().calls['ListShards']?.calls ?? 0) > 2)
    assert.deepEqual(
      errors.map(({ error, shard }) => [error.field, shard]),
      [['assignment', 0]]
    )
  })
})
