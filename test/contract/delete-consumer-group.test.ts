import assert from 'node:assert/strict'
import { ConsumerGroups } from './consumer-groups'
import { serviceOfSuite } from './service'
import { eventually } from './support/eventually'
import { acceptedEmpty, refused } from './support/reply'

describe('Contract: DeleteConsumerGroup', () => {
  const service = serviceOfSuite()
  let groups: ConsumerGroups
  before(async () => {
    groups = new ConsumerGroups(await service.createLogstore())
  })

  it('answers with nothing but a 200, and the group is gone', async () => {
    await groups.create('gone')
    acceptedEmpty(await groups.deleteReply('gone'))
    await eventually(async () => assert.equal(await groups.find('gone'), undefined))
  })

  it('takes the checkpoints along: a group of the same name begins without', async () => {
    await groups.create('again')
    const checkpoint = await groups.logstore.cursor(0, 'end')
    await groups.updateCheckpoint('again', { shard: 0, checkpoint, forceSuccess: true })
    acceptedEmpty(await groups.deleteReply('again'))
    await eventually(() => groups.create('again'))
    assert.deepEqual(await groups.positions('again'), {})
  })

  it('makes the group’s calls fail with ConsumerGroupNotExist', async () => {
    await groups.create('used')
    await groups.heartbeat('used', 'c')
    acceptedEmpty(await groups.deleteReply('used'))
    await eventually(async () =>
      refused(await groups.heartbeatReply('used', 'c', []), 404, 'ConsumerGroupNotExist')
    )
    await eventually(async () => refused(await groups.checkpointsReply('used'), 404, 'ConsumerGroupNotExist'))
  })

  it('refuses an unknown group as ConsumerGroupNotExist', async () => {
    refused(await groups.deleteReply('nobody'), 404, 'ConsumerGroupNotExist')
  })
})
