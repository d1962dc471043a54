import { strict as assert } from 'node:assert'
import { decodeCursor } from '../../../engine/client/cursor'
import type { SourceOptions } from '../../../engine/source/options'
import type { SlsSource, SourceBatch } from '../../../engine/source/source'
import { MemoryProgressStore } from '../../../engine/state/progress-store'
import { RawClient } from '../../emulator/raw-client'
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

describe('a consumer group that assigns', () => {
  let service: LocalService

  beforeEach(async () => {
    service = await LocalService.start({ logstores: ['access:4'] })
  })

  afterEach(async () => {
    await service.close()
  })

  function member(consumer: string, options: Partial<SourceOptions> = {}, group: object = {}): SlsSource {
    return service.source({
      consumerGroup: 'readers',
      assignment: { type: 'group', consumer, heartbeatInterval: 20, groupTimeout: 60, ...group },
      ...options
    })
  }

  it('gives all shards to the only member, with the time-out and the order that are asked for', async () => {
    for (let index = 0; index < 16; index++) {
      await service.write('access', [`${index}`], index.toString(16).repeat(32))
    }
    const only = member('only')
    assert.deepEqual(sorted(await readMessages(only, 16)), sorted(numbered(16)))
    assert.deepEqual(shardsOf(only), [0, 1, 2, 3])
    assert.deepEqual(await service.client.listConsumerGroups('access'), [
      { name: 'readers', timeout: 60, order: true }
    ])
  })

  it('hands shards over at their last acknowledged position, when that is committed', async () => {
    const first = member('first', { maxLogGroups: 1 })
    const iterator = first[Symbol.asyncIterator]()
    const begun = iterator.next()
    await until(() => shardsOf(first).length === 4)
    await service.write('access', numbered(3), high)
    const one = await begun
    assert.ok(one.done !== true)
    one.value.ack()
    const two = await nextBatch(iterator)
    const second = member('second')
    const other = new Reading(second, () => undefined)
    await until(() => shardsOf(second).length > 0)
    // What the flow has of shard 3 is not acknowledged: it is kept until it is.
    assert.ok(shardsOf(first).includes(3) && !shardsOf(second).includes(3))
    two.ack()
    await other.until(1)
    assert.deepEqual([[...messagesOf(one.value), ...messagesOf(two)], other.messages], [['0', '1'], ['2']])
    await until(() => shardsOf(first).length === 2 && shardsOf(second).length === 2)
  })

  it('waits no longer for acknowledgements than the hand-over time-out; late ones mean nothing', async () => {
    const first = member('first', {}, { handOverTimeout: 50 })
    const reading = new Reading(first)
    await until(() => shardsOf(first).length === 4)
    await service.write('access', ['slow'], high)
    await reading.until(1)
    const second = new Reading(member('second'))
    await second.until(1)
    assert.deepEqual(second.messages, ['slow'])
    const before = await committed(3)
    reading.batches[0]?.ack()
    await first.checkpoint()
    assert.equal(await committed(3), before)
  })

  it('gives nothing to the flow of a shard that is being handed over', async () => {
    const first = member('first', { maxLogGroups: 1 })
    const reading = new Reading(first)
    await until(() => shardsOf(first).length === 4)
    await service.write('access', ['0'], high)
    await reading.until(1)
    const lost = event(first, 'shards', ({ removed }) => removed.includes(3))
    const second = member('second')
    const other = new Reading(second)
    await until(() => shardsOf(second).length > 0)
    await service.write('access', ['1', '2'], high)
    reading.batches[0]?.nack(new Error('not now'))
    await lost
    await other.until(3)
    assert.deepEqual(reading.messages, ['0'])
    assert.deepEqual(other.messages, ['0', '1', '2'])
  })

  it('moves the shards of a member that leaves at once, and gives them back when it comes again', async () => {
    const first = member('first')
    const reading = new Reading(first)
    const second = member('second')
    const other = new Reading(second, () => undefined)
    await until(() => shardsOf(first).length === 2 && shardsOf(second).length === 2)
    await service.write('access', numbered(4, 'low '), low)
    await service.write('access', numbered(4, 'high '), high)
    await until(() => reading.messages.length + other.messages.length === 8)
    for (const batch of reading.batches) batch.ack()
    await first.close()
    await until(() => shardsOf(second).length === 4)
    await service.write('access', ['last'], low)
    await service.write('access', ['last'], high)
    await until(() => other.messages.filter((message) => message === 'last').length === 2)
    assert.equal(new Set([...reading.messages, ...other.messages]).size, 9)
    assert.equal(reading.messages.length + other.messages.length, 10)
    const again = member('first')
    new Reading(again)
    await until(() => shardsOf(again).length === 2 && shardsOf(second).length === 2)
  })

  it('goes on with heartbeats while it is paused', async () => {
    const first = member('first', {}, { groupTimeout: 1 })
    const reading = new Reading(first)
    await until(() => shardsOf(first).length === 4)
    first.pause()
    const losses = collect(first, 'lost')
    const before = service.emulator.stats().calls['HeartBeat']?.calls ?? 0
    await until(() => (service.emulator.stats().calls['HeartBeat']?.calls ?? 0) >= before + 80)
    await service.write('access', ['kept'], high)
    assert.deepEqual([losses, shardsOf(first).length, reading.messages], [[], 4, []])
    first.resume()
    await reading.until(1)
  })

  it('lets go of everything and joins anew when the service does not know it any more', async () => {
    const first = member('first')
    const reading = new Reading(first)
    await until(() => shardsOf(first).length === 4)
    await service.write('access', ['once'], high)
    await reading.until(1)
    const lost = event(first, 'lost')
    service.emulator.addFault({
      kind: 'error',
      call: 'HeartBeat',
      code: 'NotExistConsumerWithBody',
      status: 400,
      count: 1
    })
    assert.deepEqual(await lost, { logstore: 'access', shards: [0, 1, 2, 3], reason: 'unknown' })
    await reading.until(2)
    assert.deepEqual(reading.messages, ['once', 'once'])
  })

  it('tells of a group that exists with other settings, and leaves it, or changes it where it is to', async () => {
    await service.client.createConsumerGroup('access', { name: 'readers', timeout: 30, order: false })
    const cautious = member('first')
    const told = event(cautious, 'groupDiffers')
    const reading = new Reading(cautious)
    assert.deepEqual(await told, {
      logstore: 'access',
      group: { name: 'readers', timeout: 30, order: false },
      wanted: { name: 'readers', timeout: 60, order: true }
    })
    await cautious.close()
    assert.deepEqual(reading.messages, [])
    const bold = member('first', {}, { updateGroup: true })
    new Reading(bold)
    await until(() => shardsOf(bold).length === 4)
    assert.deepEqual(await service.client.listConsumerGroups('access'), [
      { name: 'readers', timeout: 60, order: true }
    ])
  })

  it('does without the right to list groups', async () => {
    service.emulator.addFault({ kind: 'error', call: 'ListConsumerGroup', code: 'Unauthorized', status: 403 })
    await service.write('access', ['one'])
    assert.deepEqual(await readMessages(member('first'), 1), ['one'])
  })

  it('has the start of every shard in the group before it reads, so that a crash right then loses nothing', async () => {
    const state = new MemoryProgressStore()
    const first = member('first', { position: { type: 'end' }, state, checkpointInterval: 60_000 })
    new Reading(first)
    await until(() => shardsOf(first).length === 4 && first.status().shards.every(({ committed: at }) => at))
    assert.equal((await service.client.getCheckpoints('access', 'readers')).length, 4)
  })

  it('puts back what was committed when somebody deleted the group', async () => {
    const only = member('only', { position: { type: 'end' } })
    const reading = new Reading(only)
    await until(() => only.status().shards.filter(({ committed: at }) => at !== undefined).length === 4)
    await service.write('access', ['one', 'two'], high)
    await reading.until(2)
    reading.batches[0]?.ack(1)
    await only.checkpoint()
    const before = await committed(3)
    const lost = event(only, 'lost')
    const raw = new RawClient(service.emulator)
    await raw.send({ method: 'DELETE', target: '/logstores/access/consumergroups/readers' })
    raw.close()
    await lost
    await until(async () => {
      const checkpoints = await service.client.getCheckpoints('access', 'readers').catch(() => [])
      return checkpoints.length === 4 && checkpoints.every(({ cursor }) => cursor !== '')
    })
    assert.ok((await committed(3)) >= before)
    await reading.until(3)
    assert.deepEqual(reading.messages, ['one', 'two', 'two'])
  })

  it('skips nothing of a shard that moves, although a commit of another finds the group deleted', async () => {
    const options = { position: { type: 'end' } } as const
    const members = ['a', 'b'].map((name) => member(name, options, { heartbeatInterval: 300 }))
    const readings = members.map((source) => new Reading(source))
    const messages = () => readings.flatMap((reading) => reading.messages)
    await until(() => members.every((source) => openShards(source).length === 2))
    await service.write('access', ['kept'], low)
    await until(() => messages().length === 1)
    await service.write('access', ['one'], high)
    await until(() => messages().length === 2)
    const raw = new RawClient(service.emulator)
    await raw.send({ method: 'DELETE', target: '/logstores/access/consumergroups/readers' })
    raw.close()
    const batch = readings.flatMap(({ batches }) => batches).find((each) => messagesOf(each)[0] === 'one')
    const again = Promise.all(members.map((source) => event(source, 'lost')))
    batch?.ack()
    await again
    await until(() => messages().filter((message) => message === 'kept').length === 2)
  })

  it('reads a shard in order: children after their parents, whichever member has them', async () => {
    service.emulator.createLogstore('pair', { shardCount: 1 })
    await service.write('pair', numbered(5, 'parent '))
    const members = ['a', 'b'].map((name) => member(name, { logstores: 'pair' }))
    const messages: string[] = []
    for (const source of members) new Reading(source, (batch) => messages.push(...messagesOf(batch)))
    await until(() => messages.length === 5)
    service.emulator.splitShard('pair', 0)
    await service.write('pair', numbered(3, 'left '), low)
    await service.write('pair', numbered(3, 'right '), high)
    await until(() => messages.length === 11)
    assert.deepEqual(messages.slice(0, 5), numbered(5, 'parent '))
    await until(() => members.every((source) => openShards(source).length === 1))
  })

  it('reads several logstores, each with a group of its own, found by an expression', async () => {
    service.emulator.createLogstore('app-1', { shardCount: 2 })
    service.emulator.createLogstore('app-2', { shardCount: 2 })
    const members = ['a', 'b'].map((name) => member(name, { logstores: /app-.*/, discoveryInterval: 30 }))
    const messages: string[] = []
    for (const source of members) new Reading(source, (batch) => messages.push(...messagesOf(batch)))
    await until(() => members.every((source) => source.status().shards.length === 2))
    service.emulator.createLogstore('app-3', { shardCount: 2 })
    for (const logstore of ['app-1', 'app-2', 'app-3']) {
      await service.write(logstore, [`${logstore} low`], low)
      await service.write(logstore, [`${logstore} high`], high)
    }
    await until(() => messages.length === 6)
    const gone = members.map((source) =>
      event(source, 'shards', ({ logstore, owned }) => logstore === 'app-1' && owned.length === 0)
    )
    service.emulator.deleteLogstore('app-1')
    await Promise.all(gone)
    assert.equal(new Set(messages).size, 6)
  })

  it('reads a logstore that was deleted and created again between two looks, and commits it', async () => {
    const members = ['a', 'b'].map((name) => member(name, { discoveryInterval: 60_000 }))
    const messages: string[] = []
    for (const source of members) new Reading(source, (batch) => messages.push(...messagesOf(batch)))
    await until(() => members.every((source) => shardsOf(source).length === 2))
    await service.write('access', ['old low'], low)
    await service.write('access', ['old high'], high)
    await until(() => messages.length === 2)
    service.emulator.deleteLogstore('access')
    service.emulator.createLogstore('access', { shardCount: 4 })
    await service.write('access', ['new low'], low)
    await service.write('access', ['new high'], high)
    await until(() => new Set(messages).size === 4)
    await until(() => members.every((source) => shardsOf(source).length === 2))
    const ends = await Promise.all(
      [0, 1, 2, 3].map((shard) => service.client.getCursor('access', shard, 'end'))
    )
    await until(async () => {
      const checkpoints = await service.client.getCheckpoints('access', 'readers').catch(() => [])
      return checkpoints.length === 4 && checkpoints.every(({ shard, cursor }) => cursor === ends[shard])
    })
  })

  it('is done at the stop time when each member has read its shards, and those that others left', async () => {
    await service.write('access', numbered(4, 'low '), low)
    await service.write('access', numbered(4, 'high '), high)
    const stopTime = Math.floor(Date.now() / 1000) + 1
    const members = ['a', 'b'].map((name) => member(name, { stopTime }))
    const read = await Promise.all(
      members.map(async (source) => {
        const messages: string[] = []
        for await (const batch of source) {
          messages.push(...messagesOf(batch))
          batch.ack()
        }
        return messages
      })
    )
    assert.deepEqual(sorted(read.flat()), sorted([...numbered(4, 'low '), ...numbered(4, 'high ')]))
    assert.deepEqual(
      members.map((source) => source.status().state),
      ['done', 'done']
    )
  })

  it('begins where it was sought before anything was assigned, and goes back only then', async () => {
    await service.write('access', numbered(3), high)
    const before = member('first')
    await readMessages(before, 3)
    await before.close()
    const after = member('first')
    const first = begin(after)
    await after.seek({ type: 'begin' })
    const batch = await first
    assert.ok(batch.done !== true)
    assert.equal(messagesOf(batch.value)[0], '0')
    await until(async () => (await committed(3)) === decodeCursor(batch.value.cursor))
  })

  async function committed(shard: number): Promise<bigint> {
    const [checkpoint] = await service.client.getCheckpoints('access', 'readers', shard)
    return checkpoint === undefined ? -1n : decodeCursor(checkpoint.cursor)
  }
})

/** Takes what a source gives; without a callback nothing is acknowledged. */
class Reading {
  readonly batches: SourceBatch[] = []

  constructor(source: SlsSource, onBatch?: (batch: SourceBatch) => void) {
    void this.#read(source, onBatch)
  }

  get messages(): string[] {
    return this.batches.flatMap(messagesOf)
  }

  until(count: number): Promise<void> {
    return until(() => this.messages.length >= count)
  }

  async #read(source: SlsSource, onBatch?: (batch: SourceBatch) => void): Promise<void> {
    for await (const batch of source) {
      this.batches.push(batch)
      onBatch?.(batch)
      if (onBatch !== undefined) batch.ack()
    }
  }
}

function shardsOf(source: SlsSource): number[] {
  return source.status().shards.map(({ shard }) => shard)
}

function openShards(source: SlsSource): number[] {
  return source
    .status()
    .shards.filter(({ readonly }) => !readonly)
    .map(({ shard }) => shard)
}
