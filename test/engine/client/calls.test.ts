import assert from 'node:assert/strict'
import type { SlsClient } from '../../../engine/client/client'
import { rejection, respond, StubServer } from './stub-server'

describe('The calls', () => {
  let stub: StubServer
  let sls: SlsClient

  beforeEach(async () => {
    stub = await StubServer.start()
    sls = stub.client()
  })

  afterEach(async () => {
    sls.close()
    await stub.close()
  })

  function answer(body: unknown): void {
    stub.answer = (_request, response) => respond(response, body)
  }

  function asked(): [string, string] {
    return [stub.last.method, stub.last.url]
  }

  it('write a log group to any shard', async () => {
    answer('')
    const body = Buffer.from('group')
    const { requestId } = await sls.putLogs({ logstore: 'access', body, rawSize: 77, compression: 'lz4' })
    assert.match(requestId, /^[0-9A-F]{24}$/)
    assert.deepEqual(asked(), ['POST', '/logstores/access/shards/lb'])
    assert.equal(stub.last.headers['content-type'], 'application/x-protobuf')
    assert.equal(stub.last.headers['x-log-bodyrawsize'], '77')
    assert.equal(stub.last.headers['x-log-compresstype'], 'lz4')
    assert.deepEqual(stub.last.body, body)
  })

  it('write a log group by hash key, and name no compression where there is none', async () => {
    const hashKey = '14d2f850ad6ea48e46e4547edbbb27e0'
    await sls.putLogs({
      logstore: 'access',
      body: Buffer.from('x'),
      rawSize: 1,
      compression: 'none',
      hashKey
    })
    assert.deepEqual(asked(), ['POST', `/logstores/access/shards/route?key=${hashKey}`])
    assert.equal(stub.last.headers['x-log-compresstype'], undefined)
  })

  it('get a cursor by name or by time', async () => {
    answer({ cursor: 'MTQ0Nw==' })
    assert.equal(await sls.getCursor('access', 3, 'begin'), 'MTQ0Nw==')
    assert.deepEqual(asked(), ['GET', '/logstores/access/shards/3?type=cursor&from=begin'])
    await sls.getCursor('access', 0, 1_700_000_000)
    assert.deepEqual(asked(), ['GET', '/logstores/access/shards/0?type=cursor&from=1700000000'])
    const error = await rejection(sls.getCursor('access', 0, 1.5))
    assert.deepEqual([error.code, error.field], ['InvalidOption', 'position'])
  })

  it('get the time of a cursor, be it a number or text', async () => {
    for (const cursor_time of [1_554_260_243, '1554260243']) {
      answer({ cursor_time })
      assert.equal(await sls.getCursorTime('access', 0, 'MTQ0Nw=='), 1_554_260_243)
    }
    assert.deepEqual(asked(), ['GET', '/logstores/access/shards/0?type=cursor_time&cursor=MTQ0Nw%3D%3D'])
  })

  it('list the shards with their ranges in lower case', async () => {
    const shard = {
      shardID: 1,
      status: 'readonly',
      inclusiveBeginKey: '80000000000000000000000000000000',
      exclusiveEndKey: 'FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF'
    }
    answer([shard, { ...shard, shardID: 2, status: 'readwrite', createTime: '1453949705' }])
    const expected = {
      shardId: 1,
      status: 'readonly',
      inclusiveBeginKey: '80000000000000000000000000000000',
      exclusiveEndKey: 'ffffffffffffffffffffffffffffffff',
      createTime: 0
    }
    assert.deepEqual(await sls.listShards('access'), [
      expected,
      { ...expected, shardId: 2, status: 'readwrite', createTime: 1_453_949_705 }
    ])
    assert.deepEqual(asked(), ['GET', '/logstores/access/shards'])
  })

  it('list the logstores of all pages, each once', async () => {
    const all = Array.from({ length: 1203 }, (_, index) => `store-${index}`)
    stub.answer = (request, response) => {
      const query = new URL(request.url, 'http://x').searchParams
      const offset = Number(query.get('offset'))
      const page = all.slice(offset, offset + Number(query.get('size')))
      respond(response, { count: page.length, total: all.length, logstores: page })
    }
    assert.deepEqual(await sls.listLogstores(), all)
    assert.equal(stub.requests.length, 3)
  })

  it('end the listing where a page is empty, whatever the total says', async () => {
    answer({ count: 0, total: 5, logstores: [] })
    assert.deepEqual(await sls.listLogstores(undefined, { contains: 'acc' }), [])
    assert.deepEqual(asked(), ['GET', '/logstores?offset=0&size=500&logstoreName=acc'])
  })

  it('give the listing up where a page only repeats names, so that it ends', async () => {
    answer({ count: 1, total: 1e12, logstores: ['access'] })
    const error = await rejection(sls.listLogstores())
    assert.deepEqual([error.code, error.retryability], ['BadResponse', 'transient'])
    assert.equal(stub.requests.length, 2)
  })

  it('get a logstore', async () => {
    answer({ logstoreName: 'access', ttl: 30, shardCount: 2, autoSplit: true })
    assert.deepEqual(await sls.getLogstore('access'), { name: 'access', ttl: 30, shardCount: 2 })
    assert.deepEqual(asked(), ['GET', '/logstores/access'])
  })

  it('create a consumer group', async () => {
    answer('')
    await sls.createConsumerGroup('access', { name: 'g1', timeout: 60, order: true })
    assert.deepEqual(asked(), ['POST', '/logstores/access/consumergroups'])
    assert.equal(stub.last.headers['content-type'], 'application/json')
    assert.equal(stub.last.body.toString(), '{"consumerGroup":"g1","timeout":60,"order":true}')
  })

  it('change a consumer group, or only one of its settings', async () => {
    answer('')
    await sls.updateConsumerGroup('access', 'g1', { timeout: 30, order: true })
    assert.deepEqual(asked(), ['PUT', '/logstores/access/consumergroups/g1'])
    assert.equal(stub.last.body.toString(), '{"timeout":30,"order":true}')
    await sls.updateConsumerGroup('access', 'g1', { order: false })
    assert.equal(stub.last.body.toString(), '{"order":false}')
  })

  it('list consumer groups, bare or as the documentation wraps them', async () => {
    const groups = [{ name: 'g1', timeout: 60, order: false }]
    answer(groups)
    assert.deepEqual(await sls.listConsumerGroups('access'), groups)
    answer({ count: 1, consumerGroups: groups })
    assert.deepEqual(await sls.listConsumerGroups('access'), groups)
  })

  it('send a heartbeat with the shards held and give those to hold', async () => {
    answer([0, 3])
    assert.deepEqual(await sls.heartbeat('access', 'g1', 'host-1', []), [0, 3])
    assert.deepEqual(asked(), ['POST', '/logstores/access/consumergroups/g1?type=heartbeat&consumer=host-1'])
    assert.equal(stub.last.body.toString(), '[]')
    await sls.heartbeat('access', 'g1', 'host-1', [0, 3])
    assert.equal(stub.last.body.toString(), '[0,3]')
  })

  it('commit a checkpoint, by name or forced', async () => {
    answer('')
    const update = { logstore: 'access', group: 'g1', shard: 0, cursor: 'MTQ0Nw==' }
    await sls.updateCheckpoint({ ...update, consumer: 'c-1', force: false })
    assert.deepEqual(asked(), [
      'POST',
      '/logstores/access/consumergroups/g1?type=checkpoint&consumer=c-1&forceSuccess=false'
    ])
    assert.equal(stub.last.body.toString(), '{"shard":0,"checkpoint":"MTQ0Nw=="}')
    await sls.updateCheckpoint({ ...update, force: true })
    assert.match(stub.last.url, /consumer=&forceSuccess=true$/)
  })

  it('get checkpoints with their times in milliseconds, whatever unit was sent', async () => {
    answer([
      { shard: 0, checkpoint: 'MTQ0Nw==', updateTime: 1_524_224_984_800_922, consumer: 'c' },
      { shard: 1, checkpoint: '', updateTime: 0 },
      { shard: 2, checkpoint: 'MQ==', updateTime: 1_524_224_984 },
      { shard: 3 }
    ])
    assert.deepEqual(await sls.getCheckpoints('access', 'g1'), [
      { shard: 0, cursor: 'MTQ0Nw==', updateTime: 1_524_224_984_800, consumer: 'c' },
      { shard: 1, cursor: '', updateTime: 0, consumer: '' },
      { shard: 2, cursor: 'MQ==', updateTime: 1_524_224_984_000, consumer: '' },
      { shard: 3, cursor: '', updateTime: 0, consumer: '' }
    ])
    assert.deepEqual(asked(), ['GET', '/logstores/access/consumergroups/g1'])
    answer([])
    assert.deepEqual(await sls.getCheckpoints('access', 'g1', 7), [])
    assert.deepEqual(asked(), ['GET', '/logstores/access/consumergroups/g1?shard=7'])
  })

  it('encode names for the wire, and refuse empty ones before they ask anybody', async () => {
    await sls.getCheckpoints('access', 'a group/1')
    assert.equal(stub.last.url, '/logstores/access/consumergroups/a%20group%2F1')
    const asks = stub.requests.length
    for (const [call, field] of [
      [sls.listShards(''), 'logstore'],
      [sls.getCheckpoints('access', ' '), 'consumerGroup'],
      [sls.listShards('\ud83d'), 'logstore'],
      [sls.getCursor('access', -1, 'end'), 'shard']
    ] as const) {
      const error = await rejection(call)
      assert.deepEqual([error.code, error.field], ['InvalidOption', field])
    }
    assert.equal(stub.requests.length, asks)
  })

  it('send text that ends within a character as signed, with U+FFFD in its place', async () => {
    for (const region of [undefined, 'cn-hangzhou']) {
      const local = stub.client({ region })
      answer([])
      await local.heartbeat('access', 'group', 'me\ud83d', [])
      assert.equal(
        stub.last.url,
        '/logstores/access/consumergroups/group?type=heartbeat&consumer=me%EF%BF%BD'
      )
      local.close()
    }
  })

  it('take no answer that is not what the protocol says', async () => {
    const wrong: [() => Promise<unknown>, unknown[]][] = [
      [
        () => sls.getCursor('a', 0, 'end'),
        ['', 'null', '[]', '"x"', '{"cursor":7}', '{"cursor":""}', '{}', '{"cursor"']
      ],
      [
        () => sls.getCursorTime('a', 0, 'x'),
        ['{"cursor_time":-1}', '{"cursor_time":"x"}', '{"cursor_time":1.5}', '{}']
      ],
      [
        () => sls.listShards('a'),
        ['{}', '[7]', '[{"shardID":0,"status":"odd","inclusiveBeginKey":"0","exclusiveEndKey":"f"}]']
      ],
      [() => sls.listLogstores(), ['{}', '{"logstores":["a"]}', '{"logstores":[1],"total":1}']],
      [() => sls.getLogstore('a'), ['{}', '{"logstoreName":"a","ttl":"x","shardCount":1}']],
      [
        () => sls.listConsumerGroups('a'),
        ['{}', '7', '[{"name":"g"}]', '[{"name":"g","timeout":1,"order":"no"}]']
      ],
      [() => sls.heartbeat('a', 'g', 'c', []), ['{}', '["x"]', '[-1]']],
      [() => sls.getCheckpoints('a', 'g'), ['{}', '[{"shard":"x"}]', '[{"shard":0,"checkpoint":7}]']]
    ]
    for (const [call, bodies] of wrong) {
      for (const body of bodies) {
        answer(body)
        const error = await rejection(call())
        assert.deepEqual(
          [error.code, error.retryability, error.status],
          ['BadResponse', 'transient', 200],
          String(body)
        )
        assert.ok(error.requestId)
      }
    }
  })
})
