import assert from 'node:assert/strict'
import { SlsSource } from '../../engine/source/source'
import { GroupService } from '../engine/source/group-service'
import { messagesOf } from '../engine/source/local-service'
import { ShardStore } from '../engine/source/shard-store'
import { VirtualClock } from '../engine/source/virtual-clock'

describe('Acceptance 6: an ordered group whose shards are merged', () => {
  let clock: VirtualClock
  let store: ShardStore
  let service: GroupService
  let sources: SlsSource[]
  let messages: string[]
  /** Virtual milliseconds at which the child began. */
  let childAt: number
  /** And at which the last log of its parents was acknowledged. */
  let endedAt: number

  beforeEach(() => {
    clock = new VirtualClock()
    store = new ShardStore(2)
    service = new GroupService(store, () => clock.now(), {
      pulled: () => undefined,
      committed: () => undefined
    })
    sources = []
    messages = []
    childAt = 0
    endedAt = 0
  })

  afterEach(async () => {
    await Promise.all(sources.map((source) => source.close()))
  })

  function join(name: string, heartbeatInterval?: number): void {
    const line = { isDead: false, isCut: false, areHeartbeatsCut: false }
    const source = new SlsSource({
      client: service.client(name, line, () => clock.during(new Promise((done) => setImmediate(done)))),
      logstores: 'access',
      consumerGroup: 'readers',
      assignment: { type: 'group', consumer: name, heartbeatInterval },
      clock,
      random: () => 0.5,
      maxLogGroups: 1
    })
    source.on('start', ({ shard }) => {
      if (shard >= 2) childAt = clock.now()
    })
    sources.push(source)
    void read(source)
  }

  async function read(source: SlsSource): Promise<void> {
    for await (const batch of source) {
      messages.push(...messagesOf(batch))
      // The parents' logs take a while.
      if (batch.shard < 2) await clock.delay(1000)
      batch.ack()
      if (batch.shard < 2) endedAt = clock.now()
    }
  }

  async function until(holds: () => boolean): Promise<void> {
    for (let turns = 0; !holds(); turns++) {
      assert.ok(turns < 2000, 'waited in vain')
      await clock.delay(100)
    }
  }

  const settled = async () => {
    const idle = () =>
      sources.flatMap((source) => source.status().shards).filter(({ status }) => status === 'idle')
    await until(() => idle().length === 2 && sources.every((source) => source.status().shards.length > 0))
    await clock.delay(60_000)
  }

  for (const names of [['only'], ['one', 'two']]) {
    it(`begins the child of empty parents within two seconds of the merge, with ${names.length} members`, async () => {
      for (const name of names) join(name, 1500)
      await settled()
      const mergedAt = clock.now()
      store.merge(0)
      await until(() => childAt > 0)
      assert.equal(service.settings?.order, true)
      assert.ok(childAt - mergedAt <= 2000, `${childAt - mergedAt} ms`)
      store.write(0, 'child')
      await until(() => messages.includes('child'))
    })

    it(`begins the child within two seconds of the end of its parents, with ${names.length} members`, async () => {
      for (const name of names) join(name)
      await settled()
      for (let index = 0; index < 20; index++) store.write(index % 2 === 0 ? 0 : 4000, `parent ${index}`)
      store.merge(0)
      store.write(0, 'child')
      await until(() => messages.includes('child'))
      assert.equal(messages.length, 21)
      assert.equal(messages.at(-1), 'child')
      assert.ok(childAt >= endedAt, 'the child began before its parents had ended')
      assert.ok(childAt - endedAt <= 2000, `${childAt - endedAt} ms`)
    })
  }
})
