import assert from 'node:assert/strict'
import { type Logstore, textsOf } from './logstore'
import { serviceOfSuite } from './service'
import { eventually } from './support/eventually'
import { acceptedEmpty, refused } from './support/reply'

describe('Contract: UpdateLogStore', () => {
  const service = serviceOfSuite()
  let logstore: Logstore
  before(async () => {
    logstore = await service.createLogstore({ shardCount: 1, ttl: 1 })
  })

  const update = (changes: Record<string, unknown>, path = logstore.path) =>
    service.call({
      method: 'PUT',
      path,
      json: { logstoreName: logstore.name, ttl: 1, shardCount: 1, ...changes }
    })

  const info = () => service.json<Record<string, unknown>>({ path: logstore.path })

  it('changes for how many days data is kept', async () => {
    acceptedEmpty(await update({ ttl: 9 }))
    await eventually(async () => assert.equal((await info())['ttl'], 9))
  })

  it('changes the settings of splitting and of added tags', async () => {
    const settings = { autoSplit: true, maxSplitShard: 4, appendMeta: true }
    acceptedEmpty(await update({ ttl: 1, ...settings }))
    await eventually(async () => {
      const { autoSplit, maxSplitShard, appendMeta } = await info()
      assert.deepEqual({ autoSplit, maxSplitShard, appendMeta }, settings)
    })
  })

  it('leaves shards and data as they are', async () => {
    const cursor = await logstore.cursor(0, 'end')
    await logstore.put('before the change')
    acceptedEmpty(await update({ ttl: 2 }))
    assert.deepEqual(textsOf(await logstore.read(0, cursor, 1)), ['before the change'])
    assert.equal((await logstore.shards()).length, 1)
  })

  it('refuses to keep data for 0 days', async () => {
    refused(await update({ ttl: 0 }), 400, ['LogStoreInfoInvalid', 'ParameterInvalid'])
  })

  it('refuses an unknown logstore as LogStoreNotExist', async () => {
    const name = 'no-such-logstore-here'
    refused(await update({ logstoreName: name }, `/logstores/${name}`), 404, 'LogStoreNotExist')
  })
})
