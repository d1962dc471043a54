import assert from 'node:assert/strict'
import { ConsumerGroups } from './consumer-groups'
import { serviceOfSuite } from './service'
import { eventually } from './support/eventually'
import { acceptedEmpty, refused } from './support/reply'

describe('Contract: UpdateConsumerGroup', () => {
  const service = serviceOfSuite()
  let groups: ConsumerGroups
  before(async () => {
    groups = new ConsumerGroups(await service.createLogstore())
    await groups.create('g', { timeout: 60, order: false })
  })

  const becomes = (timeout: number, order: boolean) =>
    eventually(async () => assert.deepEqual(await groups.find('g'), { name: 'g', timeout, order }))

  it('changes the time-out and the order', async () => {
    acceptedEmpty(await groups.updateReply('g', { timeout: 30, order: true }))
    await becomes(30, true)
  })

  it('changes the time-out alone', async () => {
    acceptedEmpty(await groups.updateReply('g', { timeout: 90, order: false }))
    acceptedEmpty(await groups.updateReply('g', { timeout: 15 }))
    await becomes(15, false)
  })

  it('changes the order alone', async () => {
    acceptedEmpty(await groups.updateReply('g', { timeout: 20, order: false }))
    acceptedEmpty(await groups.updateReply('g', { order: true }))
    await becomes(20, true)
  })

  it('leaves the checkpoints as they are', async () => {
    const checkpoint = await groups.logstore.cursor(0, 'end')
    await groups.updateCheckpoint('g', { shard: 0, checkpoint, forceSuccess: true })
    acceptedEmpty(await groups.updateReply('g', { timeout: 40 }))
    assert.deepEqual(await groups.positions('g'), { 0: checkpoint })
  })

  it('refuses an unknown group as ConsumerGroupNotExist', async () => {
    refused(await groups.updateReply('nobody', { timeout: 30 }), 404, 'ConsumerGroupNotExist')
  })
})
