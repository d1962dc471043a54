import assert from 'node:assert/strict'
import { jsonRequest, NOW, World } from './world'

describe('consumer groups', () => {
  const world = new World()
  const base = '/logstores/access/consumergroups'
  const create = (consumerGroup: string, settings: object = { timeout: 60, order: false }) =>
    world.post(base, { consumerGroup, ...settings })
  const list = () => world.client.json({ target: base })

  it('are created and listed as a bare array', async () => {
    const answer = await create('g1')
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['content-type'], undefined)
    await create('g2', { timeout: 30, order: true })
    assert.deepEqual(await list(), [
      { name: 'g1', timeout: 60, order: false },
      { name: 'g2', timeout: 30, order: true }
    ])
  })

  it('exist once', async () => {
    await create('g1')
    assert.equal(
      await world.refused(base, { consumerGroup: 'g1', timeout: 1, order: true }),
      '400 ConsumerGroupAlreadyExist'
    )
    assert.deepEqual(await list(), [{ name: 'g1', timeout: 60, order: false }])
  })

  for (const [what, body] of Object.entries({
    'no name': { timeout: 60 },
    'a time-out of 0': { consumerGroup: 'g', timeout: 0 },
    'a time-out of text': { consumerGroup: 'g', timeout: 'long' },
    'an order that is no boolean': { consumerGroup: 'g', order: 'yes' },
    'an array': [1]
  })) {
    it(`are refused with ${what}`, async () =>
      assert.equal(await world.refused(base, body), '400 JsonInfoInvalid'))
  }

  it('are refused with no JSON', async () => {
    const request = { ...jsonRequest(base, {}), body: '{' }
    assert.equal(await world.client.refusal(request), '400 JsonInfoInvalid')
  })

  it('are at most 30 in a logstore', async () => {
    for (let i = 0; i < 30; i++) assert.equal((await create(`g${i}`)).status, 200)
    assert.equal(await world.refused(base, { consumerGroup: 'g30' }), '400 ConsumerGroupQuotaExceed')
  })

  it('are updated in part', async () => {
    await create('g1')
    await world.post(`${base}/g1`, { timeout: 90 }, 'PUT')
    await world.post(`${base}/g1`, { order: true }, 'PUT')
    assert.deepEqual(await list(), [{ name: 'g1', timeout: 90, order: true }])
    assert.equal(await world.refused(`${base}/g1`, { timeout: -1 }, 'PUT'), '400 JsonInfoInvalid')
  })

  it('are deleted', async () => {
    await create('g1')
    assert.equal((await world.client.send({ method: 'DELETE', target: `${base}/g1` })).status, 200)
    assert.deepEqual(await list(), [])
  })

  it('are missed by name', async () => {
    for (const [target, value, method] of [
      [`${base}/no`, { timeout: 1 }, 'PUT'],
      [`${base}/no`, undefined, 'DELETE'],
      [`${base}/no`, undefined, 'GET'],
      [`${base}/no?type=heartbeat&consumer=c`, [], 'POST'],
      [`${base}/no?type=checkpoint&forceSuccess=true`, { shard: 0, checkpoint: 'MQ==' }, 'POST']
    ] as const) {
      assert.equal(
        await world.refused(target, value, method),
        '404 ConsumerGroupNotExist',
        `${method} ${target}`
      )
    }
  })
})

describe('checkpoints', () => {
  const world = new World()
  const group = '/logstores/access/consumergroups/g1'
  const update = (parameters: string, body: object) =>
    world.post(`${group}?type=checkpoint&${parameters}`, body)
  const refused = (parameters: string, body: object) =>
    world.refused(`${group}?type=checkpoint&${parameters}`, body)
  const get = (parameters = '') => world.client.json({ target: `${group}${parameters}` })
  const beat = (consumer: string, held: readonly number[]) =>
    world.client.json<number[]>(jsonRequest(`${group}?type=heartbeat&consumer=${consumer}`, held))

  beforeEach(() =>
    world.post('/logstores/access/consumergroups', { consumerGroup: 'g1', timeout: 60, order: false })
  )

  it('are empty where none was committed', async () => {
    const empty = { checkpoint: '', updateTime: 0, consumer: '' }
    assert.deepEqual(await get(), [
      { shard: 0, ...empty },
      { shard: 1, ...empty }
    ])
    assert.deepEqual(await get('?shard=1'), [{ shard: 1, ...empty }])
    assert.deepEqual(await get('?shard=9'), [])
  })

  for (const force of ['true', 'True']) {
    it(`are stored without a consumer with forceSuccess=${force}`, async () => {
      assert.equal((await update(`forceSuccess=${force}`, { shard: 0, checkpoint: 'MTAw' })).status, 200)
      assert.deepEqual(await get('?shard=0'), [
        { shard: 0, checkpoint: 'MTAw', updateTime: NOW * 1000, consumer: '' }
      ])
    })
  }

  it('may go backwards', async () => {
    await update('forceSuccess=true', { shard: 0, checkpoint: 'MTAw' })
    await update('forceSuccess=true', { shard: 0, checkpoint: 'NTA=' })
    assert.deepEqual(await get('?shard=0'), [
      { shard: 0, checkpoint: 'NTA=', updateTime: NOW * 1000, consumer: '' }
    ])
  })

  it('are stored for the owner of the shard alone, unless forced', async () => {
    await beat('one', [])
    await beat('two', [])
    await beat('one', [0, 1])
    await beat('one', [0])
    assert.deepEqual(await beat('two', []), [1])
    const body = { shard: 0, checkpoint: 'MTAw' }
    assert.equal((await update('consumer=one&forceSuccess=false', body)).status, 200)
    assert.equal((await update('consumer=one', body)).status, 200)
    assert.equal(await refused('consumer=two&forceSuccess=false', body), '400 ConsumerNotMatch')
    assert.equal(await refused('consumer=three&forceSuccess=false', body), '404 ConsumerNotExist')
    assert.equal((await update('consumer=two&forceSuccess=True', body)).status, 200)
  })

  it('of a consumer that fell silent are refused', async () => {
    await beat('one', [])
    world.pass(61)
    assert.equal(
      await refused('consumer=one&forceSuccess=false', { shard: 0, checkpoint: 'MQ==' }),
      '404 ConsumerNotExist'
    )
  })

  for (const [what, parameters, body, code] of [
    ['for an unknown shard', 'forceSuccess=true', { shard: 7, checkpoint: 'MQ==' }, '404 ShardNotExist'],
    ['without a shard', 'forceSuccess=true', { checkpoint: 'MQ==' }, '400 JsonInfoInvalid'],
    ['without a cursor', 'forceSuccess=true', { shard: 0 }, '400 JsonInfoInvalid'],
    ['with no base64', 'forceSuccess=true', { shard: 0, checkpoint: '#' }, '400 InvalidShardCheckPoint'],
    [
      'with nobody and no force',
      'consumer=&forceSuccess=false',
      { shard: 0, checkpoint: 'MQ==' },
      '400 ParameterInvalid'
    ],
    ['with an odd force', 'forceSuccess=perhaps', { shard: 0, checkpoint: 'MQ==' }, '400 ParameterInvalid']
  ] as const) {
    it(`are refused ${what}`, async () => assert.equal(await refused(parameters, body), code))
  }
})
