import assert from 'node:assert/strict'
import { groupOf, NOW_SECONDS, World } from './world'

describe('logstores', () => {
  const world = new World({ logstores: [] })
  const names = async (parameters = '') =>
    world.client.json<{ count: number; total: number; logstores: string[] }>({
      target: `/logstores${parameters}`
    })
  const create = (logstoreName: string, more: object = { ttl: 7, shardCount: 2 }) =>
    world.post('/logstores', { logstoreName, ...more })

  it('are created with what clients set, and described with all that clients read', async () => {
    const settings = {
      ttl: 30,
      shardCount: 3,
      enable_tracking: true,
      autoSplit: true,
      maxSplitShard: 8,
      appendMeta: true
    }
    assert.equal((await create('telemetry', { ...settings, mode: 'query' })).status, 200)
    assert.deepEqual(await world.client.json({ target: '/logstores/telemetry' }), {
      logstoreName: 'telemetry',
      ...settings,
      telemetryType: '',
      hot_ttl: 0,
      mode: 'query',
      createTime: NOW_SECONDS,
      lastModifyTime: NOW_SECONDS,
      productType: ''
    })
  })

  it('are created by clients that write out what they leave unset', async () => {
    const unset = { maxSplitShard: -1, resourceQuota: { storage: { preserved: -1 } }, archiveSeconds: 0 }
    for (const strict of [false, true]) {
      await world.stop()
      await world.start({ strict })
      assert.equal((await create('app', { ttl: 1, shardCount: 1, hot_ttl: null, ...unset })).status, 200)
      assert.equal((await world.post('/logstores/app', { ttl: 2, ...unset }, 'PUT')).status, 200)
      const app = await world.client.json<Record<string, unknown>>({ target: '/logstores/app' })
      assert.deepEqual([app['ttl'], app['maxSplitShard'], app['hot_ttl']], [2, 64, 0])
    }
  })

  it('are listed by name, a page at a time, with a filter', async () => {
    for (const name of ['app-b', 'app-a', 'other']) await create(name)
    assert.deepEqual(await names(), { count: 3, total: 3, logstores: ['app-a', 'app-b', 'other'] })
    assert.deepEqual(await names('?offset=1&size=1'), { count: 1, total: 3, logstores: ['app-b'] })
    assert.deepEqual(await names('?logstoreName=app'), { count: 2, total: 2, logstores: ['app-a', 'app-b'] })
    assert.deepEqual(await names('?offset=9'), { count: 0, total: 3, logstores: [] })
  })

  it('are listed with empty parameters as without', async () => {
    await create('app')
    assert.deepEqual(await names('?logstoreName=&offset=&size='), { count: 1, total: 1, logstores: ['app'] })
  })

  it('are not listed beyond the largest page', async () => {
    assert.equal(await world.refused('/logstores?size=501'), '400 ParameterInvalid')
    assert.equal(await world.refused('/logstores?offset=-1'), '400 ParameterInvalid')
  })

  it('are updated', async () => {
    await create('app')
    world.pass(60)
    assert.equal(
      (await world.post('/logstores/app', { logstoreName: 'app', ttl: 90, shardCount: 9 }, 'PUT')).status,
      200
    )
    const { ttl, shardCount, lastModifyTime } = await world.client.json<Record<string, unknown>>({
      target: '/logstores/app'
    })
    assert.deepEqual([ttl, shardCount, lastModifyTime], [90, 2, NOW_SECONDS + 60])
  })

  it('are deleted with their data', async () => {
    await create('app', { ttl: 1, shardCount: 1 })
    await world.put(groupOf('gone'), { logstore: 'app' })
    const past = await world.cursor(0, 'begin', 'app')
    assert.equal((await world.client.send({ method: 'DELETE', target: '/logstores/app' })).status, 200)
    assert.equal(await world.refused('/logstores/app'), '404 LogStoreNotExist')
    await create('app', { ttl: 1, shardCount: 1 })
    assert.deepEqual(await world.texts(0, 'app'), [])
    const target = `/logstores/app/shards/0?type=log&cursor=${encodeURIComponent(past)}`
    assert.equal(await world.refused(target), '400 InvalidCursor')
  })

  it('exist once', async () => {
    await create('app')
    assert.equal(
      await world.refused('/logstores', { logstoreName: 'app', ttl: 1, shardCount: 1 }),
      '400 LogStoreAlreadyExist'
    )
  })

  for (const [what, body] of Object.entries({
    'a short name': { logstoreName: 'ab' },
    'a long name': { logstoreName: 'a'.repeat(64) },
    capitals: { logstoreName: 'App' },
    'a dot': { logstoreName: 'a.b' },
    'a dash in front': { logstoreName: '-app' },
    'an underscore behind': { logstoreName: 'app_' },
    'no name': {},
    'no shard': { logstoreName: 'app', shardCount: 0 },
    'very many shards': { logstoreName: 'app', shardCount: 101 },
    'a ttl of nothing': { logstoreName: 'app', ttl: 0 },
    'a ttl beyond ten years': { logstoreName: 'app', ttl: 3651 },
    'a flag that is text': { logstoreName: 'app', autoSplit: 'yes' },
    'a split limit below none': { logstoreName: 'app', maxSplitShard: -2 }
  })) {
    it(`are refused with ${what}`, async () => {
      assert.equal(await world.refused('/logstores', body), '400 LogStoreInfoInvalid')
    })
  }

  it('have at most 400 writable shards in a project', async () => {
    for (let i = 0; i < 4; i++) world.emulator.createLogstore(`store-${i}`, { shardCount: 99 })
    world.emulator.createLogstore('last', { shardCount: 3 })
    assert.equal(
      await world.refused('/logstores', { logstoreName: 'more', shardCount: 2 }),
      '400 ProjectQuotaExceed'
    )
    assert.equal((await create('more', { shardCount: 1 })).status, 200)
    const split = '/logstores/last/shards/0?action=split'
    assert.equal(await world.client.refusal({ method: 'POST', target: split }), '403 ProjectQuotaExceed')
    assert.equal(
      (await world.client.send({ method: 'POST', target: '/logstores/last/shards/0?action=merge' })).status,
      200
    )
    assert.equal(
      (await world.client.send({ method: 'POST', target: '/logstores/last/shards/2?action=split' })).status,
      200
    )
  })

  it('are not mistaken for another call about them', async () => {
    await create('app')
    assert.equal(await world.refused('/logstores/app?type=context_log&pack_id=1'), '400 ParameterInvalid')
    assert.equal(await world.refused('/logstores/app/index?type=other'), '400 ParameterInvalid')
    assert.equal((await world.client.send({ target: '/logstores/app?type=' })).status, 200)
  })

  it('may have an underscore and a dash inside', async () => {
    assert.equal((await create('app_log-1')).status, 200)
  })

  it('are at most 200 in a project', async () => {
    for (let i = 0; i < 200; i++) world.emulator.createLogstore(`store-${i}`, { shardCount: 1 })
    assert.equal(await world.refused('/logstores', { logstoreName: 'one-more' }), '400 ProjectQuotaExceed')
  })

  it('are missed by name', async () => {
    for (const [target, value, method] of [
      ['/logstores/nowhere', undefined, 'GET'],
      ['/logstores/nowhere', { ttl: 1 }, 'PUT'],
      ['/logstores/nowhere', undefined, 'DELETE'],
      ['/logstores/nowhere/shards', undefined, 'GET'],
      ['/logstores/nowhere/index', undefined, 'GET'],
      ['/logstores/nowhere/consumergroups', undefined, 'GET']
    ] as const) {
      assert.equal(await world.refused(target, value, method), '404 LogStoreNotExist', `${method} ${target}`)
    }
  })
})

describe('the index of a logstore', () => {
  const world = new World()
  const target = '/logstores/access/index'
  const index = { line: { token: [' ', ','], caseSensitive: false, chn: false }, ttl: 7 }

  it('is kept as it was given', async () => {
    assert.equal(await world.refused(target), '400 IndexConfigNotExist')
    assert.equal((await world.post(target, index)).status, 200)
    const got = await world.client.json<Record<string, unknown>>({ target })
    assert.deepEqual([got['line'], got['ttl'], got['storage']], [index.line, 7, 'pg'])
    assert.equal(got['lastModifyTime'], NOW_SECONDS)
  })

  it('has a ttl and a text length, given or not', async () => {
    await world.post('/logstores/access', { ttl: 5 }, 'PUT')
    await world.post(target, { keys: {} })
    const got = await world.client.json<Record<string, unknown>>({ target })
    assert.deepEqual([got['ttl'], got['max_text_len'], got['log_reduce']], [5, 2048, false])
  })

  it('is created once, updated, deleted', async () => {
    assert.equal(await world.refused(target, index, 'PUT'), '400 IndexConfigNotExist')
    await world.post(target, index)
    assert.equal(await world.refused(target, index), '400 IndexAlreadyExist')
    assert.equal((await world.post(target, { ttl: 9 }, 'PUT')).status, 200)
    assert.equal((await world.client.json<Record<string, unknown>>({ target }))['ttl'], 9)
    assert.equal((await world.client.send({ method: 'DELETE', target })).status, 200)
    assert.equal(await world.refused(target), '400 IndexConfigNotExist')
  })

  it('is refused where it is no JSON object', async () => {
    assert.equal(await world.refused(target, [1]), '400 IndexInfoInvalid')
  })
})
