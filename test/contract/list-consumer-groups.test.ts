import assert from 'node:assert/strict'
import { ConsumerGroups } from './consumer-groups'
import { serviceOfSuite } from './service'
import { eventually } from './support/eventually'
import { refused } from './support/reply'

describe('Contract: ListConsumerGroup', () => {
  const service = serviceOfSuite()
  let groups: ConsumerGroups
  before(async () => {
    groups = new ConsumerGroups(await service.createLogstore())
  })

  it('gives an empty array where there are none', async () => {
    assert.deepEqual(await groups.list(), [])
  })

  it('gives every group with time-out and order, in a bare array', async () => {
    await groups.create('first', { timeout: 30, order: true })
    await groups.create('second', { timeout: 60, order: false })
    await eventually(async () =>
      assert.deepEqual(
        (await groups.list()).sort((a, b) => (a.name < b.name ? -1 : 1)),
        [
          { name: 'first', timeout: 30, order: true },
          { name: 'second', timeout: 60, order: false }
        ]
      )
    )
  })

  it('gives the groups of this logstore only', async () => {
    const other = new ConsumerGroups(await service.createLogstore())
    await other.create('elsewhere')
    assert.equal(await groups.find('elsewhere'), undefined)
  })

  it('refuses an unknown logstore as LogStoreNotExist', async () => {
    const path = '/logstores/no-such-logstore-here/consumergroups'
    refused(await service.call({ path }), 404, 'LogStoreNotExist')
  })
})
