import assert from 'node:assert/strict'
import { ConsumerGroups } from './consumer-groups'
import { serviceOfSuite } from './service'
import { eventually } from './support/eventually'
import { acceptedEmpty, refused } from './support/reply'
import { unproven } from './support/unproven'

describe('Contract: CreateConsumerGroup', () => {
  const service = serviceOfSuite()
  let groups: ConsumerGroups
  before(async () => {
    groups = new ConsumerGroups(await service.createLogstore({ shardCount: 2 }))
  })

  it('answers with nothing but a 200, and the group is there', async () => {
    acceptedEmpty(await groups.createReply('indexer', { timeout: 30, order: true }))
    await eventually(async () =>
      assert.deepEqual(await groups.find('indexer'), { name: 'indexer', timeout: 30, order: true })
    )
  })

  it('takes a raw size of 0 with its JSON body, as the Go SDK sends it', async () => {
    const json = { consumerGroup: 'from-go', timeout: 60, order: false }
    const headers = { 'x-log-bodyrawsize': '0' }
    acceptedEmpty(await service.call({ method: 'POST', path: groups.path, json, headers }))
  })

  it('refuses a name that is taken as ConsumerGroupAlreadyExist', async () => {
    await groups.create('taken')
    refused(await groups.createReply('taken'), 400, 'ConsumerGroupAlreadyExist')
  })

  it('leaves the settings of the existing group as they are', async () => {
    await groups.create('kept', { timeout: 45 })
    refused(await groups.createReply('kept', { timeout: 99 }), 400, 'ConsumerGroupAlreadyExist')
    assert.equal((await eventually(() => groups.find('kept')))?.timeout, 45)
  })

  it('refuses a body that is not JSON as JsonInfoInvalid', async () => {
    const headers = { 'content-type': 'application/json' }
    const body = Buffer.from('{"consumerGroup":')
    const reply = await service.call({ method: 'POST', path: groups.path, headers, body })
    refused(reply, 400, ['JsonInfoInvalid', 'PostBodyInvalid'])
  })

  unproven('refuses a body without a name as JsonInfoInvalid', async () => {
    const json = { timeout: 60, order: false }
    refused(await service.call({ method: 'POST', path: groups.path, json }), 400, 'JsonInfoInvalid')
  })

  it('refuses an unknown logstore as LogStoreNotExist', async () => {
    const path = '/logstores/no-such-logstore-here/consumergroups'
    const json = { consumerGroup: 'g', timeout: 60, order: false }
    refused(await service.call({ method: 'POST', path, json }), 404, 'LogStoreNotExist')
  })

  unproven('refuses more than 30 groups of one logstore', async () => {
    const full = new ConsumerGroups(await service.createLogstore())
    for (let i = 0; i < 30; i++) await full.create(`group-${i}`)
    const reply = await full.createReply('one-too-many')
    refused(reply, [400, 403], ['ConsumerGroupQuotaExceed', 'ProjectQuotaExceed', 'QuotaExceed'])
  })
})
