import assert from 'node:assert/strict'
import type { Logstore } from './logstore'
import { serviceOfSuite } from './service'
import { now } from './support/calls'
import { eventually } from './support/eventually'
import { accepted, refused } from './support/reply'

type LogstoreInfo = Record<string, unknown>

describe('Contract: GetLogStore', () => {
  const service = serviceOfSuite()
  let logstore: Logstore
  let info: LogstoreInfo
  before(async () => {
    logstore = await service.createLogstore({ shardCount: 2, ttl: 3 })
    info = await service.json<LogstoreInfo>({ path: logstore.path })
  })

  it('gives name, days and shards as they were created', () => {
    assert.equal(info['logstoreName'], logstore.name)
    assert.equal(info['ttl'], 3)
    assert.equal(info['shardCount'], 2)
  })

  it('gives every property that the Python SDK insists on', () => {
    for (const property of [
      'logstoreName',
      'ttl',
      'shardCount',
      'enable_tracking',
      'appendMeta',
      'autoSplit',
      'maxSplitShard'
    ]) {
      assert.ok(property in info, property)
    }
  })

  it('gives the times of creation and of the last change in Unix seconds', () => {
    for (const property of ['createTime', 'lastModifyTime']) {
      assert.ok(Math.abs(Number(info[property]) - now()) < 600, `${property}: ${info[property]}`)
    }
  })

  it('gives the optional settings that were created with it', async () => {
    const name = service.newName()
    const settings = { enable_tracking: true, autoSplit: true, maxSplitShard: 8, appendMeta: true }
    const json = { logstoreName: name, ttl: 5, shardCount: 1, ...settings }
    accepted(await service.call({ method: 'POST', path: '/logstores', json }))
    const given = await eventually(() => service.json<LogstoreInfo>({ path: `/logstores/${name}` }))
    for (const [property, value] of Object.entries(settings)) assert.equal(given[property], value, property)
  })

  it('refuses an unknown logstore as LogStoreNotExist, and names it', async () => {
    const reply = await service.call({ path: '/logstores/no-such-logstore-here' })
    refused(reply, 404, 'LogStoreNotExist', 'logstore no-such-logstore-here does not exist')
  })
})
