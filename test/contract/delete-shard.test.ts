import assert from 'node:assert/strict'
import type { Logstore } from './logstore'
import { serviceOfSuite } from './service'
import { sixteenths } from './support/hash-keys'
import { acceptedEmpty, refused } from './support/reply'
import { unproven } from './support/unproven'

describe('Contract: DeleteShard', () => {
  const service = serviceOfSuite()
  let logstore: Logstore
  before(async () => {
    logstore = await service.createLogstore({ shardCount: 1 })
    await logstore.split(0, sixteenths(8))
    await logstore.shardsOnceWritable(2)
  })

  const remove = (shard: number) =>
    service.call({ method: 'DELETE', path: `${logstore.path}/shards/${shard}` })

  unproven('takes a readonly shard off the list', async () => {
    acceptedEmpty(await remove(0))
    assert.deepEqual(
      (await logstore.shardsOnceWritable(2)).map(({ shardID }) => shardID),
      [1, 2]
    )
  })

  unproven('refuses a shard that takes writes', async () => {
    refused(await remove(1), 400, ['ParameterInvalid', 'ShardNotExist'])
    assert.equal((await logstore.shardsOnceWritable(2)).length, 2)
  })

  unproven('refuses an unknown shard', async () => {
    refused(await remove(99), [400, 404], ['ParameterInvalid', 'ShardNotExist'])
  })
})
