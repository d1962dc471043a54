import assert from 'node:assert/strict'
import { type Logstore, logGroup, type Shard, textsOf } from './logstore'
import { serviceOfSuite } from './service'
import { FIRST_KEY, LAST_KEY, sixteenths } from './support/hash-keys'
import { refused } from './support/reply'

describe('Contract: MergeShards', () => {
  const service = serviceOfSuite()
  let logstore: Logstore
  let leftBegin: string
  let rightBegin: string
  let reply: Shard[]
  before(async () => {
    logstore = await service.createLogstore({ shardCount: 3 })
    ;[leftBegin, rightBegin] = [await logstore.cursor(0, 'end'), await logstore.cursor(1, 'end')]
    await logstore.put('in the left', { key: sixteenths(1) })
    await logstore.put('in the right', { key: sixteenths(8) })
    await logstore.read(0, leftBegin, 1)
    await logstore.read(1, rightBegin, 1)
    reply = await logstore.merge(0)
    await logstore.shardsOnceWritable(2)
  })

  it('answers with the new shard, and then the two old ones, now readonly', () => {
    assert.deepEqual(
      reply.map(({ shardID, status }) => [shardID, status]),
      [
        [3, 'readwrite'],
        [0, 'readonly'],
        [1, 'readonly']
      ]
    )
  })

  it('gives the new shard the ranges of both', () => {
    const [merged, left, right] = reply
    assert.equal(merged?.inclusiveBeginKey, left?.inclusiveBeginKey)
    assert.equal(left?.exclusiveEndKey, right?.inclusiveBeginKey)
    assert.equal(merged?.exclusiveEndKey, right?.exclusiveEndKey)
  })

  it('lists the old shards as readonly beside the new one', async () => {
    const listed = new Map((await logstore.shards()).map(({ shardID, status }) => [shardID, status]))
    assert.deepEqual(
      [0, 1, 2, 3].map((shard) => listed.get(shard)),
      ['readonly', 'readonly', 'readwrite', 'readwrite']
    )
  })

  it('leaves in the old shards what was written before', async () => {
    assert.deepEqual(textsOf(await logstore.read(0, leftBegin, 1)), ['in the left'])
    assert.deepEqual(textsOf(await logstore.read(1, rightBegin, 1)), ['in the right'])
  })

  it('brings new writes of either range to the new shard', async () => {
    assert.equal((await logstore.received(logGroup('left'), { key: sixteenths(1) })).shard, 3)
    assert.equal((await logstore.received(logGroup('right'), { key: sixteenths(8) })).shard, 3)
  })

  it('refuses the shard at the end of the hash space as ParameterInvalid: can not merge the last shard.', async () => {
    refused(await logstore.mergeReply(2), 400, 'ParameterInvalid', 'can not merge the last shard.')
  })

  it('refuses an unknown shard as ParameterInvalid: invalid shard id.', async () => {
    refused(await logstore.mergeReply(99), 400, 'ParameterInvalid', 'invalid shard id.')
  })

  it('refuses a readonly shard as ParameterInvalid: invalid shard id.', async () => {
    refused(await logstore.mergeReply(0), 400, 'ParameterInvalid', 'invalid shard id.')
  })

  it('refuses an unknown logstore as LogStoreNotExist', async () => {
    const path = '/logstores/no-such-logstore-here/shards/0'
    refused(await service.call({ method: 'POST', path, query: { action: 'merge' } }), 404, 'LogStoreNotExist')
  })

  it('makes whole again what a split parted, under a new id', async () => {
    const parted = await service.createLogstore({ shardCount: 1 })
    await parted.split(0, sixteenths(6))
    await parted.shardsOnceWritable(2)
    const [merged] = await parted.merge(1)
    assert.equal(merged?.shardID, 3)
    assert.equal(merged.inclusiveBeginKey, FIRST_KEY)
    assert.equal(merged.exclusiveEndKey, LAST_KEY)
    const writable = (await parted.shardsOnceWritable(1)).filter(({ status }) => status === 'readwrite')
    assert.deepEqual(
      writable.map(({ shardID }) => shardID),
      [3]
    )
  })

  it('merges with the shard that begins where it ends, though that is a child of a split', async () => {
    const parted = await service.createLogstore({ shardCount: 2 })
    await parted.split(1, sixteenths(12))
    await parted.shardsOnceWritable(3)
    const shards = await parted.merge(0)
    assert.deepEqual(
      shards.map(({ shardID, inclusiveBeginKey, exclusiveEndKey }) => [
        shardID,
        inclusiveBeginKey,
        exclusiveEndKey
      ]),
      [
        [4, FIRST_KEY, sixteenths(12)],
        [0, FIRST_KEY, sixteenths(8)],
        [2, sixteenths(8), sixteenths(12)]
      ]
    )
  })
})
