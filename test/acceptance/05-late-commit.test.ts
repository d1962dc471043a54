import assert from 'node:assert/strict'
import { SlsSource, type SourceBatch, type SourceEvents } from '../../engine/source/source'
import { GroupService, groupSettings, type Line } from '../engine/source/group-service'
import { collect, messagesOf } from '../engine/source/local-service'
import { ShardStore } from '../engine/source/shard-store'
import { VirtualClock } from '../engine/source/virtual-clock'

describe('Acceptance 5: a member of a group that was cut off for longer than the time-out', () => {
  let clock: VirtualClock
  let store: ShardStore
  let service: GroupService
  let first: Member
  let second: Member

  /** A flow that acknowledges only what it is told to. */
  class Member {
    readonly line: Line = { isDead: false, isCut: false, areHeartbeatsCut: false }
    readonly batches: SourceBatch[] = []
    readonly source: SlsSource
    readonly lost: SourceEvents['lost'][]

    constructor(name: string) {
      this.source = new SlsSource({
        client: service.client(name, this.line, () =>
          clock.during(new Promise((done) => setImmediate(done)))
        ),
        logstores: 'access',
        consumerGroup: 'readers',
        assignment: { type: 'group', consumer: name, ...groupSettings },
        clock,
        random: () => 0.5,
        checkpointInterval: 500
      })
      this.lost = collect(this.source, 'lost')
      void this.#read()
    }

    get messages(): string[] {
      return this.batches.flatMap(messagesOf)
    }

    async #read(): Promise<void> {
      for await (const batch of this.source) this.batches.push(batch)
    }
  }

  /** The first member has a batch of its only shard; then it is cut off, and the second takes over. */
  beforeEach(async () => {
    clock = new VirtualClock()
    store = new ShardStore(1)
    service = new GroupService(store, () => clock.now(), {
      pulled: () => undefined,
      committed: () => undefined
    })
    store.write(0, 'one')
    first = new Member('first')
    await until(() => first.messages.length === 1)
    second = new Member('second')
    await clock.delay(2000)
    assert.deepEqual(second.messages, [])
  })

  afterEach(async () => {
    await Promise.all([first.source.close(), second.source.close()])
  })

  const until = async (holds: () => boolean) => {
    for (let turns = 0; !holds(); turns++) {
      assert.ok(turns < 1000, 'waited in vain')
      await clock.delay(100)
    }
  }

  it('is refused its late commit, which does not move the progress back', async () => {
    first.line.areHeartbeatsCut = true
    await until(() => second.messages.length === 1)
    assert.deepEqual(second.messages, ['one'])
    store.write(0, 'two')
    second.batches[0]?.ack()
    await until(() => second.messages.length === 2)
    second.batches[1]?.ack()
    await second.source.checkpoint()
    const committed = service.checkpoint(0)
    assert.equal(committed, store.lineage[0]?.end)
    const refusals = service.refusals
    first.batches[0]?.ack()
    await first.source.checkpoint()
    assert.ok(service.refusals > refusals, 'nothing was refused')
    assert.equal(service.checkpoint(0), committed)
    assert.deepEqual(
      first.lost.map(({ shards, reason }) => [shards, reason]),
      [[[0], 'unknown']]
    )
    assert.deepEqual(first.source.status().shards, [])
  })

  it('has let go by itself when it comes back after twice the time-out', async () => {
    first.line.isCut = true
    await clock.delay(2 * service.timeout)
    assert.deepEqual(
      first.lost.map(({ shards, reason }) => [shards, reason]),
      [[[0], 'silent']]
    )
    assert.deepEqual(second.messages, ['one'])
    second.batches[0]?.ack()
    await second.source.checkpoint()
    const committed = service.checkpoint(0)
    first.line.isCut = false
    first.batches[0]?.ack()
    await clock.delay(2 * service.timeout)
    assert.equal(service.checkpoint(0), committed)
    store.write(0, 'two')
    await until(() => second.messages.length === 2)
    assert.deepEqual(first.messages, ['one'])
  })
})
