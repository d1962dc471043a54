import assert from 'node:assert/strict'
import { ConsumerGroups } from './consumer-groups'
import { serviceOfSuite } from './service'
import { eventually, shortTimeout } from './support/eventually'
import { sixteenths } from './support/hash-keys'
import { refused } from './support/reply'
import { unproven } from './support/unproven'

const ALL = [0, 1, 2, 3]

describe('Contract: HeartBeat', () => {
  const service = serviceOfSuite()
  let groups: ConsumerGroups
  let made = 0
  before(async () => {
    groups = new ConsumerGroups(await service.createLogstore({ shardCount: 4 }))
  })

  /** A group of its own for each case. */
  const newGroup = async (options: { timeout?: number; order?: boolean } = {}) => {
    made += 1
    const name = `group-${made}`
    await groups.create(name, options)
    await eventually(() => groups.checkpoints(name))
    return name
  }

  /** Heartbeats that report what was assigned last, as consumers do, until `until` holds for every consumer's shards. */
  const beatUntil = async (
    group: string,
    held: Map<string, number[]>,
    until: (shards: readonly number[]) => boolean
  ) =>
    eventually(async () => {
      for (const [consumer, shards] of held) {
        held.set(consumer, await groups.heartbeat(group, consumer, shards))
      }
      assert.ok([...held.values()].every(until), JSON.stringify([...held]))
    })

  it('gives every shard to a consumer that is alone', async () => {
    const group = await newGroup()
    await beatUntil(group, new Map([['c1', []]]), (shards) => shards.length === 4)
  })

  it('gives a consumer the same shards again as long as nothing changes', async () => {
    const group = await newGroup()
    const held = new Map<string, number[]>([['c1', []]])
    await beatUntil(group, held, (shards) => shards.length === 4)
    assert.deepEqual(await groups.heartbeat(group, 'c1', ALL), ALL)
  })

  it('gives no shard to a second consumer while the first still reports it', async () => {
    const group = await newGroup()
    await beatUntil(group, new Map([['c1', []]]), (shards) => shards.length === 4)
    assert.deepEqual(await groups.heartbeat(group, 'c2'), [])
    await groups.heartbeat(group, 'c1', ALL)
    assert.deepEqual(await groups.heartbeat(group, 'c2'), [])
  })

  it('asks the first consumer to let go of shards for the second', async () => {
    const group = await newGroup()
    const held = new Map<string, number[]>([['c1', []]])
    await beatUntil(group, held, (shards) => shards.length === 4)
    await eventually(async () => {
      await groups.heartbeat(group, 'c2')
      assert.equal((await groups.heartbeat(group, 'c1', ALL)).length, 2)
    })
  })

  it('spreads the shards evenly, each with exactly one owner', async () => {
    const group = await newGroup()
    const held = new Map<string, number[]>([
      ['c1', []],
      ['c2', []]
    ])
    await beatUntil(group, held, (shards) => shards.length === 2)
    assert.deepEqual([...held.values()].flat().sort(), ALL)
  })

  it('leaves a consumer without shards where there are more consumers than shards', async () => {
    const group = await newGroup()
    const held = new Map<string, number[]>(['c1', 'c2', 'c3', 'c4', 'c5'].map((consumer) => [consumer, []]))
    await beatUntil(group, held, (shards) => shards.length <= 1)
    await eventually(async () => {
      for (const [consumer, shards] of held)
        held.set(consumer, await groups.heartbeat(group, consumer, shards))
      assert.deepEqual([...held.values()].flat().sort(), ALL)
    })
  })

  it('gives the shards of a consumer that is silent for the time-out to the others', async () => {
    const group = await newGroup({ timeout: shortTimeout() })
    await eventually(async () => assert.deepEqual(await groups.heartbeat(group, 'silent'), ALL))
    await eventually(async () => assert.deepEqual(await groups.heartbeat(group, 'alive'), ALL))
  })

  it('refuses a consumer that it does not know and that reports shards as NotExistConsumerWithBody', async () => {
    const group = await newGroup()
    refused(await groups.heartbeatReply(group, 'stranger', [0]), 400, 'NotExistConsumerWithBody')
  })

  it('takes a consumer back that was refused and reports no shards', async () => {
    const group = await newGroup()
    refused(await groups.heartbeatReply(group, 'stranger', [0, 1]), 400, 'NotExistConsumerWithBody')
    await beatUntil(group, new Map([['stranger', []]]), (shards) => shards.length === 4)
  })

  it('keeps the groups of one logstore apart', async () => {
    const [one, other] = [await newGroup(), await newGroup()]
    await beatUntil(one, new Map([['c', []]]), (shards) => shards.length === 4)
    await beatUntil(other, new Map([['c', []]]), (shards) => shards.length === 4)
  })

  it('refuses a body that is no array as JsonInfoInvalid', async () => {
    const group = await newGroup()
    refused(await groups.heartbeatReply(group, 'c', 'zero'), 400, ['JsonInfoInvalid', 'ParameterInvalid'])
  })

  it('refuses an unknown group as ConsumerGroupNotExist', async () => {
    refused(await groups.heartbeatReply('nobody', 'c', []), 404, 'ConsumerGroupNotExist')
  })

  describe('after a split', () => {
    let parted: ConsumerGroups
    before(async () => {
      parted = new ConsumerGroups(await service.createLogstore({ shardCount: 1 }))
      await parted.create('unordered')
      await parted.create('ordered', { order: true })
      await parted.logstore.put('before the split')
      await parted.logstore.split(0, sixteenths(8))
      await parted.logstore.shardsOnceWritable(2)
    })

    it('gives parent and children at once to a group without order', async () => {
      await eventually(async () => assert.deepEqual(await parted.heartbeat('unordered', 'c', []), [0, 1, 2]))
    })

    unproven('gives the children to a group with order when the parent is consumed', async () => {
      assert.deepEqual(await parted.heartbeat('ordered', 'c', []), [0])
      const checkpoint = await parted.logstore.cursor(0, 'end')
      await parted.updateCheckpoint('ordered', { shard: 0, checkpoint, consumer: 'c', forceSuccess: true })
      await eventually(async () => {
        const assigned = await parted.heartbeat('ordered', 'c', [0])
        assert.ok(assigned.includes(1) && assigned.includes(2), JSON.stringify(assigned))
      })
    })
  })
})
