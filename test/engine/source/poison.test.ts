import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { SlsError } from '../../../engine/client/errors'
import type { SourceBatch } from '../../../engine/source/batch'
import { MemoryProgressStore } from '../../../engine/state/progress-store'
import { runs } from '../../support/counts'
import {
  clientWith,
  collect,
  event,
  LocalService,
  messagesOf,
  nextBatch,
  numbered,
  readMessages,
  until
} from './local-service'

/** Reads groups of ten messages as a flow does that cannot take some of them. */
async function readAround(
  batches: AsyncIterator<SourceBatch>,
  bad: ReadonlySet<string>,
  isDone: () => boolean
): Promise<string[]> {
  const taken: string[] = []
  while (!isDone()) {
    const batch = await nextBatch(batches)
    const messages = messagesOf(batch)
    if (messages.some((message) => bad.has(message))) batch.nack(new Error('cannot take that'))
    else {
      taken.push(...messages)
      batch.ack()
    }
  }
  return taken
}

describe('a log that the flow cannot take', () => {
  let service: LocalService

  beforeEach(async () => {
    service = await LocalService.start()
  })

  afterEach(async () => {
    await service.close()
  })

  async function writeGroups(groups: number): Promise<string[]> {
    const messages = numbered(groups * 10)
    for (let group = 0; group < groups; group++) {
      await service.writeGroup('access', messages.slice(group * 10, group * 10 + 10))
    }
    return messages
  }

  it('is found by halves and given up alone, and all others arrive once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat({ max: 49 }), { maxLength: 4 }),
        fc.integer({ min: 0, max: 2 }),
        async (numbers, maxRedeliveries) => {
          const logstore = `bad-${Math.random().toString(36).slice(2)}`
          service.emulator.createLogstore(logstore, { shardCount: 1 })
          const messages = numbered(50)
          for (let group = 0; group < 5; group++) {
            await service.writeGroup(logstore, messages.slice(group * 10, group * 10 + 10))
          }
          const retry = { baseRetryBackoff: 1, maxRetryBackoff: 1 }
          const source = service.source({ logstores: logstore, maxRedeliveries, retry })
          const poison = collect(source, 'poison')
          const bad = new Set(numbers.map(String))
          const isDone = () =>
            source.status().memory.held === 0 && (source.status().shards[0]?.fetches ?? 0) > 0
          const taken = await readAround(source[Symbol.asyncIterator](), bad, isDone)
          assert.deepEqual(
            taken,
            messages.filter((message) => !bad.has(message))
          )
          const givenUp = poison.map(({ log }) => log?.contents[0]?.[1])
          assert.deepEqual(
            givenUp,
            messages.filter((message) => bad.has(message))
          )
          for (const { cursor, index, group, refusals } of poison) {
            assert.ok(cursor !== '' && index !== undefined && group !== undefined)
            assert.equal(refusals, maxRedeliveries + 1)
          }
          const { counts } = source.status()
          assert.equal(counts.poison, bad.size)
          assert.ok(counts.redeliveries >= bad.size * maxRedeliveries)
          await source.close()
          service.emulator.deleteLogstore(logstore)
        }
      ),
      { numRuns: runs(10, 200) }
    )
  }).timeout(120_000)

  it('stops its shard where the policy has it, with all before it acknowledged, and is read again after a restart', async () => {
    const messages = await writeGroups(3)
    const state = new MemoryProgressStore()
    const options = { state, maxRedeliveries: 1, onPoison: 'stop' as const }
    const source = service.source(options)
    const stopped = event(source, 'stopped')
    const iterator = source[Symbol.asyncIterator]()
    const taken: string[] = []
    const reading = (async () => {
      for (;;) {
        const { done, value } = await iterator.next()
        if (done === true) return
        const read = messagesOf(value)
        if (read.includes('17')) value.nack(new Error('cannot take that'))
        else {
          taken.push(...read)
          value.ack()
        }
      }
    })()
    const { error, logstore, shard } = await stopped
    assert.equal(error.code, 'PoisonLog')
    assert.deepEqual([logstore, shard], ['access', 0])
    const status = source.status()
    assert.equal(status.state, 'error')
    assert.equal(status.lastError?.code, 'PoisonLog')
    assert.equal(status.shards[0]?.status, 'stopped')
    await source.close()
    await reading
    assert.ok(!taken.includes('17'))
    const after = service.source({ ...options, onPoison: 'skip' })
    const rest = await readMessages(after, 30 - taken.length)
    assert.ok(rest.includes('17'))
    assert.deepEqual([...new Set([...taken, ...rest])].sort(), [...messages].sort())
  })

  it('is refused alone where the flow names it, and its group is done with the others', async () => {
    await writeGroups(2)
    const source = service.source({ maxRedeliveries: 1 })
    const poison = collect(source, 'poison')
    const iterator = source[Symbol.asyncIterator]()
    const first = await nextBatch(iterator)
    assert.equal(first.groups[0]?.nack(new Error('no'), 7), 'again')
    assert.equal(first.groups[0]?.nack(new Error('no'), 8), 'again')
    const second = await nextBatch(iterator)
    assert.equal(second.groups[0]?.nack(new Error('no'), 7), 'givenUp')
    second.groups[0]?.ack()
    second.groups[1]?.ack()
    assert.equal(source.status().memory.held, 0)
    assert.deepEqual(
      poison.map(({ index, log }) => [index, log?.contents[0]?.[1]]),
      [[7, '7']]
    )
  })

  it('is delivered for ever where nothing else is asked for', async () => {
    await service.write('access', ['bad'])
    const source = service.source({ retry: { baseRetryBackoff: 1, maxRetryBackoff: 1 } })
    const poison = collect(source, 'poison')
    const iterator = source[Symbol.asyncIterator]()
    for (let count = 0; count < 30; count++) (await nextBatch(iterator)).nack()
    assert.deepEqual(poison, [])
  })

  it('is a log group that arrives damaged each time: it alone is given up, in whatever fetch it comes', async () => {
    await service.write('access', numbered(8))
    const client = clientWith(service.client, {
      pullLogs: async (...call) => {
        const result = await service.client.pullLogs(...call)
        if (!result.body.includes(Buffer.from([1, 0x35]))) return result
        throw new SlsError('CorruptBody', 'PullLogs: wrong bytes', { retryability: 'transient' })
      }
    })
    const source = service.source({ client, maxRedeliveries: 1 })
    const poison = event(source, 'poison')
    const messages = await readMessages(source, 7)
    assert.deepEqual(
      messages,
      numbered(8).filter((message) => message !== '5')
    )
    assert.equal((await poison).error.code, 'PoisonLog')
  })
})

describe('answers that are damaged where there is no log group', () => {
  it('pass none that is written later', async () => {
    const service = await LocalService.start()
    let damaged = 40
    const client = clientWith(service.client, {
      pullLogs: async (...call) => {
        if (damaged-- <= 0) return service.client.pullLogs(...call)
        throw new SlsError('CorruptBody', 'PullLogs: wrong bytes', { retryability: 'transient' })
      }
    })
    const retry = { baseRetryBackoff: 1, maxRetryBackoff: 1 }
    const source = service.source({ client, maxRedeliveries: 0, retry })
    const poison = collect(source, 'poison')
    const read = readMessages(source, 3)
    await until(() => damaged <= 0)
    await service.write('access', numbered(3))
    assert.deepEqual(await read, numbered(3))
    assert.deepEqual(poison, [])
    await service.close()
  })
})

describe('a time to acknowledge', () => {
  let service: LocalService

  beforeEach(async () => {
    service = await LocalService.start()
  })

  afterEach(async () => {
    await service.close()
  })

  it('brings again what was not acknowledged within it, and nothing that was', async () => {
    await service.write('access', numbered(4))
    const source = service.source({ ackTimeout: 20, maxLogGroups: 2 })
    const overdue = collect(source, 'overdue')
    const iterator = source[Symbol.asyncIterator]()
    const first = await nextBatch(iterator)
    first.ack(1)
    const second = await nextBatch(iterator)
    second.ack()
    const third = await nextBatch(iterator)
    assert.equal(third.delivery, 2)
    assert.deepEqual(messagesOf(third), ['1'])
    third.ack()
    assert.equal(overdue.length, 1)
    assert.equal(source.status().counts.overdue, 1)
    assert.equal(source.status().memory.held, 0)
  })

  it('lets the flow say which logs are late', async () => {
    await service.writeGroup('access', numbered(3))
    const source = service.source({ ackTimeout: 10, maxRedeliveries: 0 })
    const iterator = source[Symbol.asyncIterator]()
    const batch = await nextBatch(iterator)
    const said = event(source, 'poison')
    batch.onOverdue = (error) => assert.equal(batch.groups[0]?.nack(error, 1), 'givenUp')
    const { log, reason } = await said
    assert.equal(log?.contents[0]?.[1], '1')
    assert.ok(reason instanceof SlsError && reason.code === 'AckTimeout')
  })
})
