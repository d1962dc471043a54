import assert from 'node:assert/strict'
import { refusalOf } from './raw-client'
import { groupOf, jsonRequest, NOW_SECONDS, World } from './world'

describe('projects', () => {
  const world = new World()
  const bare = { host: '127.0.0.1' }

  it('are described', async () => {
    assert.deepEqual(await world.client.json({ target: '/' }), {
      projectName: 'demo',
      description: '',
      status: 'Normal',
      owner: '',
      region: 'local',
      createTime: String(NOW_SECONDS),
      lastModifyTime: String(NOW_SECONDS)
    })
  })

  for (const host of ['127.0.0.1', 'second.127.0.0.1']) {
    it(`are created through ${host}`, async () => {
      const request = { ...jsonRequest('/', { projectName: 'second', description: 'Two' }), host }
      assert.equal((await world.client.send(request)).status, 200)
      const project = await world.client.json<Record<string, unknown>>({
        target: '/',
        host: 'second.127.0.0.1'
      })
      assert.deepEqual([project['projectName'], project['description']], ['second', 'Two'])
      assert.equal(await world.client.refusal(request), '400 ProjectAlreadyExist')
    })
  }

  it('are listed at the bare endpoint', async () => {
    for (const projectName of ['zoo', 'second']) {
      await world.client.send({ ...jsonRequest('/', { projectName, description: '' }), ...bare })
    }
    const list = async (parameters: string) => {
      const { count, total, projects } = await world.client.json<{
        count: number
        total: number
        projects: { projectName: string }[]
      }>({ target: `/${parameters}`, ...bare })
      return [count, total, ...projects.map(({ projectName }) => projectName)]
    }
    assert.deepEqual(await list(''), [3, 3, 'demo', 'second', 'zoo'])
    assert.deepEqual(await list('?offset=1&size=1'), [1, 3, 'second'])
    assert.deepEqual(await list('?projectName=oo&resourceGroupId='), [1, 1, 'zoo'])
    await world.client.send({
      ...jsonRequest('/', { projectName: 'third', description: 'Of three', resourceGroupId: 'rg-1' }),
      ...bare
    })
    assert.deepEqual(await list('?resourceGroupId=rg-1'), [1, 1, 'third'])
    assert.deepEqual(await list('?description=three'), [1, 1, 'third'])
    assert.deepEqual(await list('?resourceGroupId=rg-2'), [0, 0])
  })

  it('are at most 50', async () => {
    for (let i = 1; i < 50; i++) {
      const { status } = await world.client.send({
        ...jsonRequest('/', { projectName: `project-${i}` }),
        ...bare
      })
      assert.equal(status, 200)
    }
    const request = { ...jsonRequest('/', { projectName: 'one-more' }), ...bare }
    assert.equal(await world.client.refusal(request), '400 ProjectQuotaExceed')
  })

  it('are not told of without a signature', async () => {
    const headers = { host: 'demo.127.0.0.1', 'x-log-apiversion': '0.6.0' }
    const answer = await world.client.exchange('GET', '/', headers, Buffer.alloc(0))
    assert.equal(refusalOf(answer), '400 ParameterInvalid')
  })

  it('are updated', async () => {
    assert.equal((await world.post('/', { description: 'new' }, 'PUT')).status, 200)
    assert.equal((await world.client.json<Record<string, unknown>>({ target: '/' }))['description'], 'new')
  })

  it('are deleted, with a body or without', async () => {
    const host = 'second.127.0.0.1'
    for (const request of [
      { method: 'DELETE', target: '/' },
      jsonRequest('/', { projectName: 'second' }, 'DELETE')
    ]) {
      await world.client.send({ ...jsonRequest('/', { projectName: 'second' }), ...bare })
      assert.equal((await world.client.send({ ...request, host })).status, 200)
      assert.equal(await world.client.refusal({ target: '/', host }), '404 ProjectNotExist')
    }
  })

  it('keep their logstores apart', async () => {
    await world.client.send({ ...jsonRequest('/', { projectName: 'second' }), ...bare })
    const host = 'second.127.0.0.1'
    await world.client.send({ ...jsonRequest('/logstores', { logstoreName: 'access', shardCount: 1 }), host })
    await world.put(groupOf('mine'), { target: '/logstores/access' })
    const shards = await world.client.json<unknown[]>({ target: '/logstores/access/shards', host })
    assert.equal(shards.length, 1)
    const { cursor } = await world.client.json<{ cursor: string }>({
      target: '/logstores/access/shards/0?type=cursor&from=begin',
      host
    })
    const pull = `/logstores/access/shards/0?type=log&cursor=${encodeURIComponent(cursor)}`
    assert.equal((await world.client.send({ target: pull, host })).headers['x-log-count'], '0')
  })

  for (const projectName of ['ab', 'UPPER', 'under_score', '-dash', 'a'.repeat(64)]) {
    it(`may not be called ${projectName}`, async () => {
      assert.equal(
        await world.client.refusal({ ...jsonRequest('/', { projectName }), ...bare }),
        '400 ParameterInvalid'
      )
    })
  }
})
