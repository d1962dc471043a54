import assert from 'node:assert/strict'
import { type Logstore, logGroup, type Shard, textsOf } from './logstore'
import { serviceOfSuite } from './service'
import { FIRST_KEY, LAST_KEY, sixteenths } from './support/hash-keys'
import { accepted, refused } from './support/reply'
import { unproven } from './support/unproven'

describe('Contract: SplitShard', () => {
  const service = serviceOfSuite()

  describe('of a logstore with two shards', () => {
    let logstore: Logstore
    let oldBegin: string
    let reply: Shard[]
    before(async () => {
      logstore = await service.createLogstore({ shardCount: 2 })
      oldBegin = await logstore.cursor(0, 'end')
      await logstore.putAll(['before 1', 'before 2'], { key: FIRST_KEY })
      await logstore.read(0, oldBegin, 2)
      reply = await logstore.split(0, sixteenths(3))
      await logstore.shardsOnceWritable(3)
    })

    it('answers with the old shard, now readonly, and then its two children', async () => {
      assert.deepEqual(
        reply.map(({ shardID, status }) => [shardID, status]),
        [
          [0, 'readonly'],
          [2, 'readwrite'],
          [3, 'readwrite']
        ]
      )
    })

    it('parts the range at the key: the left ends where the right begins', async () => {
      assert.deepEqual(
        reply.map(({ inclusiveBeginKey, exclusiveEndKey }) => [inclusiveBeginKey, exclusiveEndKey]),
        [
          [FIRST_KEY, sixteenths(8)],
          [FIRST_KEY, sixteenths(3)],
          [sixteenths(3), sixteenths(8)]
        ]
      )
    })

    it('lists the parent as readonly beside its children', async () => {
      const listed = new Map((await logstore.shards()).map(({ shardID, status }) => [shardID, status]))
      assert.deepEqual(
        listed,
        new Map([
          [0, 'readonly'],
          [1, 'readwrite'],
          [2, 'readwrite'],
          [3, 'readwrite']
        ])
      )
    })

    it('leaves in the parent what was written before', async () => {
      assert.deepEqual(textsOf(await logstore.read(0, oldBegin, 2)), ['before 1', 'before 2'])
    })

    it('starts the children without data', async () => {
      for (const child of [2, 3]) {
        assert.deepEqual((await logstore.pull(child, await logstore.cursor(child, 'begin'))).groups, [])
      }
    })

    it('brings new writes to the child whose range holds the key', async () => {
      assert.equal((await logstore.received(logGroup('left'), { key: sixteenths(2) })).shard, 2)
      assert.equal((await logstore.received(logGroup('right'), { key: sixteenths(3) })).shard, 3)
    })

    it('brings load-balanced writes to no readonly shard', async () => {
      const end = await logstore.cursor(0, 'end')
      await logstore.putAll(['balanced 1', 'balanced 2', 'balanced 3', 'balanced 4', 'balanced 5'])
      await logstore.read(0, end, 0)
    })

    it('stays at the parent’s end with an unchanged cursor: the sign that it is finished', async () => {
      const end = await logstore.cursor(0, 'end')
      const { groups, next } = await logstore.pull(0, end)
      assert.deepEqual(groups, [])
      assert.equal(next, end)
    })

    it('refuses to split a readonly shard as ParameterInvalid: invalid shard id.', async () => {
      refused(
        await logstore.splitReply(0, { key: sixteenths(1) }),
        400,
        'ParameterInvalid',
        'invalid shard id.'
      )
    })

    it('splits a child again', async () => {
      const children = await logstore.split(3, sixteenths(5))
      assert.deepEqual(
        children.map(({ shardID }) => shardID),
        [3, 4, 5]
      )
    })
  })

  describe('refusals', () => {
    let logstore: Logstore
    before(async () => {
      logstore = await service.createLogstore({ shardCount: 2 })
    })

    for (const [key, words] of [
      [sixteenths(12), 'outside the shard’s range'],
      [FIRST_KEY, 'where the range begins'],
      [sixteenths(8), 'where the range ends']
    ] as const) {
      it(`refuses a key ${words} as ParameterInvalid: invalid mid hash.`, async () => {
        refused(await logstore.splitReply(0, { key }), 400, 'ParameterInvalid', 'invalid mid hash.')
      })
    }

    it('refuses the very end of the hash space in the last shard as ParameterInvalid', async () => {
      refused(await logstore.splitReply(1, { key: LAST_KEY }), 400, 'ParameterInvalid', 'invalid mid hash.')
    })

    it('refuses an unknown shard as ParameterInvalid: invalid shard id.', async () => {
      const reply = await logstore.splitReply(99, { key: sixteenths(1) })
      refused(reply, 400, 'ParameterInvalid', 'invalid shard id.')
    })

    unproven('refuses a key that is not hexadecimal as ParameterInvalid', async () => {
      refused(await logstore.splitReply(0, { key: 'g'.repeat(32) }), 400, 'ParameterInvalid')
    })

    unproven('refuses an action that does not exist as ParameterInvalid', async () => {
      refused(await logstore.splitReply(0, { action: 'halve', key: sixteenths(1) }), 400, 'ParameterInvalid')
    })

    it('refuses an unknown logstore as LogStoreNotExist', async () => {
      const path = '/logstores/no-such-logstore-here/shards/0'
      const query = { action: 'split', key: sixteenths(1) }
      refused(await service.call({ method: 'POST', path, query }), 404, 'LogStoreNotExist')
    })

    it('leaves the shards as they are after every refusal', async () => {
      assert.deepEqual(
        (await logstore.shards()).map(({ shardID, status }) => [shardID, status]),
        [
          [0, 'readwrite'],
          [1, 'readwrite']
        ]
      )
    })
  })

  unproven('splits in the middle where neither a key nor a number of shards is named', async () => {
    const logstore = await service.createLogstore({ shardCount: 1 })
    const [, left, right] = accepted(await logstore.splitReply(0, {})).json<Shard[]>()
    assert.equal(left?.exclusiveEndKey, sixteenths(8))
    assert.equal(right?.inclusiveBeginKey, sixteenths(8))
  })

  it('splits into equal parts by their number', async () => {
    const logstore = await service.createLogstore({ shardCount: 1 })
    const shards = accepted(await logstore.splitReply(0, { shardCount: 4 })).json<Shard[]>()
    assert.deepEqual(
      shards.map(({ status }) => status),
      ['readonly', 'readwrite', 'readwrite', 'readwrite', 'readwrite']
    )
    assert.deepEqual(
      shards.slice(1).map(({ inclusiveBeginKey }) => inclusiveBeginKey),
      [0, 4, 8, 12].map(sixteenths)
    )
    assert.equal(shards.at(-1)?.exclusiveEndKey, LAST_KEY)
  })
})
