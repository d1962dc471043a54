import assert from 'node:assert/strict'
import { ConsumerGroups } from './consumer-groups'
import { serviceOfSuite } from './service'
import { now } from './support/calls'
import { eventually } from './support/eventually'
import { accepted, acceptedEmpty, refused } from './support/reply'
import { unproven } from './support/unproven'

describe('Contract: checkpoints of a consumer group', () => {
  const service = serviceOfSuite()
  let groups: ConsumerGroups
  let begin: string
  let end: string
  before(async () => {
    const logstore = await service.createLogstore({ shardCount: 2 })
    groups = new ConsumerGroups(logstore)
    begin = await logstore.cursor(0, 'end')
    await logstore.putAll(['a', 'b', 'c'], { key: '00' })
    await logstore.read(0, begin, 3)
    end = await logstore.cursor(0, 'end')
  })

  let made = 0
  const newGroup = async () => {
    made += 1
    const name = `group-${made}`
    await groups.create(name)
    await eventually(() => groups.checkpoints(name))
    return name
  }

  describe('UpdateCheckPoint', () => {
    it('answers with nothing but a 200, and the checkpoint is there', async () => {
      const group = await newGroup()
      acceptedEmpty(
        await groups.updateCheckpointReply(group, { shard: 0, checkpoint: end, forceSuccess: true })
      )
      assert.deepEqual(await groups.positions(group), { 0: end })
    })

    it('goes backwards as well as forwards', async () => {
      const group = await newGroup()
      for (const checkpoint of [end, begin]) {
        await groups.updateCheckpoint(group, { shard: 0, checkpoint, forceSuccess: true })
        assert.deepEqual(await groups.positions(group), { 0: checkpoint })
      }
    })

    it('takes the forceSuccess=True of the Python SDK', async () => {
      const group = await newGroup()
      await groups.updateCheckpoint(group, { shard: 0, checkpoint: end, forceSuccess: 'True' })
      assert.deepEqual(await groups.positions(group), { 0: end })
    })

    it('takes the checkpoint of a consumer that the shard is assigned to', async () => {
      const group = await newGroup()
      await eventually(async () => assert.deepEqual(await groups.heartbeat(group, 'owner'), [0, 1]))
      await groups.updateCheckpoint(group, {
        shard: 0,
        checkpoint: end,
        consumer: 'owner',
        forceSuccess: false
      })
      assert.deepEqual(await groups.positions(group), { 0: end })
    })

    it('refuses the checkpoint of a consumer that it does not know as ConsumerNotExist', async () => {
      const group = await newGroup()
      const update = { shard: 0, checkpoint: end, consumer: 'stranger', forceSuccess: false }
      refused(await groups.updateCheckpointReply(group, update), 404, 'ConsumerNotExist')
      assert.deepEqual(await groups.positions(group), {})
    })

    describe('of a shard that belongs to another consumer', () => {
      let group: string
      const update = () => ({ shard: 0, checkpoint: end, consumer: 'other', forceSuccess: false })
      before(async () => {
        group = await newGroup()
        await eventually(async () => assert.deepEqual(await groups.heartbeat(group, 'owner'), [0, 1]))
        await groups.heartbeat(group, 'owner', [0, 1])
        await groups.heartbeat(group, 'other')
      })

      it('is refused as ConsumerNotMatch', async () => {
        refused(await groups.updateCheckpointReply(group, update()), [400, 404], 'ConsumerNotMatch')
      })

      unproven('is refused with status 400', async () => {
        refused(await groups.updateCheckpointReply(group, update()), 400, 'ConsumerNotMatch')
      })

      it('passes when it is forced', async () => {
        acceptedEmpty(await groups.updateCheckpointReply(group, { ...update(), forceSuccess: true }))
        assert.deepEqual(await groups.positions(group), { 0: end })
      })
    })

    unproven('is to be forced where no consumer is named', async () => {
      const update = { shard: 0, checkpoint: end, forceSuccess: false }
      const reply = await groups.updateCheckpointReply(await newGroup(), update)
      refused(reply, [400, 404], ['ConsumerNotExist', 'ConsumerNotMatch', 'ParameterInvalid'])
    })

    it('keeps the checkpoints of two groups apart', async () => {
      const [one, other] = [await newGroup(), await newGroup()]
      await groups.updateCheckpoint(one, { shard: 0, checkpoint: end, forceSuccess: true })
      assert.deepEqual(await groups.positions(other), {})
    })

    it('refuses what is not base64 as InvalidShardCheckPoint', async () => {
      const group = await newGroup()
      const update = { shard: 0, checkpoint: 'not base64!', forceSuccess: true }
      refused(await groups.updateCheckpointReply(group, update), 400, 'InvalidShardCheckPoint')
    })

    it('refuses an unknown shard as ShardNotExist', async () => {
      const group = await newGroup()
      const update = { shard: 99, checkpoint: end, forceSuccess: true }
      refused(await groups.updateCheckpointReply(group, update), [400, 404], 'ShardNotExist')
    })

    unproven('refuses an unknown shard with status 404 here', async () => {
      const group = await newGroup()
      const update = { shard: 99, checkpoint: end, forceSuccess: true }
      refused(await groups.updateCheckpointReply(group, update), 404, 'ShardNotExist')
    })

    it('refuses an unknown group as ConsumerGroupNotExist', async () => {
      const update = { shard: 0, checkpoint: end, forceSuccess: true }
      refused(await groups.updateCheckpointReply('nobody', update), 404, 'ConsumerGroupNotExist')
    })

    it('refuses a body that is not JSON as JsonInfoInvalid', async () => {
      const path = `${groups.path}/${await newGroup()}`
      const query = { type: 'checkpoint', consumer: '', forceSuccess: true }
      const headers = { 'content-type': 'application/json' }
      const body = Buffer.from('{"shard":0,')
      const reply = await service.call({ method: 'POST', path, query, headers, body })
      refused(reply, 400, ['JsonInfoInvalid', 'PostBodyInvalid'])
    })
  })

  describe('GetCheckPoint', () => {
    it('gives none of a shard that was never checkpointed', async () => {
      assert.deepEqual(await groups.positions(await newGroup()), {})
    })

    it('gives those of all shards, or of one', async () => {
      const group = await newGroup()
      const right = await groups.logstore.cursor(1, 'end')
      await groups.updateCheckpoint(group, { shard: 0, checkpoint: begin, forceSuccess: true })
      await groups.updateCheckpoint(group, { shard: 1, checkpoint: right, forceSuccess: true })
      assert.deepEqual(await groups.positions(group), { 0: begin, 1: right })
      assert.deepEqual(await groups.positions(group, { shard: 1 }), { 1: right })
    })

    it('gives a cursor to go on reading with', async () => {
      const group = await newGroup()
      const { next } = await groups.logstore.pull(0, begin, { count: 2 })
      await groups.updateCheckpoint(group, { shard: 0, checkpoint: next, forceSuccess: true })
      const { 0: checkpoint = '' } = await groups.positions(group)
      assert.equal((await groups.logstore.pull(0, checkpoint)).groups.length, 1)
    })

    it('gives with each checkpoint when it was written, which the Java SDK insists on', async () => {
      const group = await newGroup()
      await groups.updateCheckpoint(group, { shard: 0, checkpoint: end, forceSuccess: true })
      const [entry] = await groups.checkpoints(group, { shard: 0 })
      assert.equal(typeof entry?.updateTime, 'number')
    })

    unproven('tells that time in microseconds', async () => {
      const group = await newGroup()
      await groups.updateCheckpoint(group, { shard: 0, checkpoint: end, forceSuccess: true })
      const [entry] = await groups.checkpoints(group, { shard: 0 })
      assert.ok(Math.abs((entry?.updateTime ?? 0) / 1e6 - now()) < 300, String(entry?.updateTime))
    })

    it('gives nothing for an unknown shard', async () => {
      const reply = accepted(await groups.checkpointsReply(await newGroup(), { shard: 99 }))
      assert.deepEqual(reply.json(), [])
    })

    it('refuses an unknown group as ConsumerGroupNotExist', async () => {
      refused(await groups.checkpointsReply('nobody'), 404, 'ConsumerGroupNotExist')
    })
  })
})
