import assert from 'node:assert/strict'
import type { Logstore, Shard } from './logstore'
import { serviceOfSuite } from './service'
import { now } from './support/calls'
import { FIRST_KEY, LAST_KEY, sixteenths } from './support/hash-keys'
import { refused } from './support/reply'

describe('Contract: ListShards', () => {
  const service = serviceOfSuite()
  let one: Logstore
  let four: Logstore
  let three: Logstore
  before(async () => {
    ;[one, four, three] = await Promise.all([
      service.createLogstore({ shardCount: 1 }),
      service.createLogstore({ shardCount: 4 }),
      service.createLogstore({ shardCount: 3 })
    ])
  })

  it('gives a bare array with the properties that SDKs read', async () => {
    const [shard] = await one.shards()
    const given = Object.keys(shard ?? {})
    for (const property of ['shardID', 'status', 'inclusiveBeginKey', 'exclusiveEndKey', 'createTime']) {
      assert.ok(given.includes(property), property)
    }
  })

  it('gives a single shard the whole hash space', async () => {
    const shards = await one.shards()
    assert.deepEqual(shards.map(range), [[FIRST_KEY, LAST_KEY]])
  })

  it('divides the hash space of a new logstore evenly', async () => {
    const bounds = [FIRST_KEY, sixteenths(4), sixteenths(8), sixteenths(12), LAST_KEY]
    assert.deepEqual(
      (await four.shards()).map(range),
      [0, 1, 2, 3].map((i) => [bounds[i], bounds[i + 1]])
    )
  })

  it('leaves no gap where the hash space does not divide evenly', async () => {
    const shards = await three.shards()
    assert.equal(shards.length, 3)
    assert.equal(shards[0]?.inclusiveBeginKey, FIRST_KEY)
    assert.equal(shards[2]?.exclusiveEndKey, LAST_KEY)
    assert.equal(shards[0]?.exclusiveEndKey, shards[1]?.inclusiveBeginKey)
    assert.equal(shards[1]?.exclusiveEndKey, shards[2]?.inclusiveBeginKey)
  })

  it('numbers the shards of a new logstore from 0', async () => {
    assert.deepEqual(
      (await four.shards()).map(({ shardID }) => shardID),
      [0, 1, 2, 3]
    )
  })

  it('says readwrite of every shard of a new logstore', async () => {
    for (const { status } of await four.shards()) assert.equal(status, 'readwrite')
  })

  it('says since when each shard is there, in Unix seconds', async () => {
    for (const { createTime } of await four.shards()) {
      assert.ok(Number.isSafeInteger(createTime) && Math.abs(createTime - now()) < 600, String(createTime))
    }
  })

  it('refuses an unknown logstore as LogStoreNotExist', async () => {
    refused(await service.call({ path: '/logstores/no-such-logstore-here/shards' }), 404, 'LogStoreNotExist')
  })
})

function range({ inclusiveBeginKey, exclusiveEndKey }: Shard): [begin: string, end: string] {
  return [inclusiveBeginKey, exclusiveEndKey]
}
