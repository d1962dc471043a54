import assert from 'node:assert/strict'
import type { FaultSpec } from '../../emulator'
import { refusalOf } from './raw-client'
import { groupOf, jsonRequest, keyAt, NOW, NOW_SECONDS, World } from './world'

describe('faults', () => {
  const world = new World({ logstores: ['access:2', 'other:1'] })
  const shards = { target: '/logstores/access/shards' }
  const control = (method: string, target: string, body = '') =>
    world.client.exchange(method, `/_emulator/${target}`, { host: '127.0.0.1' }, Buffer.from(body))

  async function pullTarget(shard = 0): Promise<{ target: string }> {
    return {
      target: `/logstores/access/shards/${shard}?type=log&cursor=${encodeURIComponent(await world.cursor(shard, 'begin'))}`
    }
  }

  it('error: answers a code instead of acting, as many times as asked for', async () => {
    world.emulator.addFault({
      kind: 'error',
      call: 'PutLogs',
      code: 'ServerBusy',
      message: 'too busy',
      count: 2
    })
    for (let i = 0; i < 2; i++) {
      const answer = await world.put(groupOf('lost'))
      assert.equal(refusalOf(answer), '503 ServerBusy')
      assert.match(answer.body.toString(), /too busy/)
    }
    assert.equal((await world.put(groupOf('kept'))).status, 200)
    assert.deepEqual([...(await world.texts(0)), ...(await world.texts(1))], ['kept'])
  })

  for (const [fault, expected] of [
    [{}, '500 InternalServerError'],
    [{ code: 'SignatureNotMatch' }, '401 SignatureNotMatch'],
    [{ code: 'ShardWriteQuotaExceed' }, '403 ShardWriteQuotaExceed'],
    [{ code: 'RequestTimeout' }, '500 RequestTimeout'],
    [{ code: 'SecurityToken.Expired' }, '401 SecurityToken.Expired'],
    [{ code: 'InvalidAccessKeyId.NotFound' }, '401 InvalidAccessKeyId.NotFound'],
    [{ code: 'ConfigNotExist' }, '404 ConfigNotExist'],
    [{ code: 'MissingContentLength' }, '411 MissingContentLength'],
    [{ code: 'Whatever' }, '400 Whatever'],
    [{ code: 'Whatever', status: 418 }, '418 Whatever']
  ] as const) {
    it(`error: ${JSON.stringify(fault)} is ${expected}`, async () => {
      world.emulator.addFault({ kind: 'error', ...fault })
      assert.equal(await world.client.refusal(shards), expected)
    })
  }

  it('error: strikes a fraction of the calls, the same ones for the same seed', async () => {
    const pattern = async () => {
      world.emulator.clearFaults()
      world.emulator.addFault({ kind: 'error', probability: 0.5, seed: 7 })
      const statuses: number[] = []
      for (let i = 0; i < 40; i++) statuses.push((await world.client.send(shards)).status)
      return statuses
    }
    const first = await pattern()
    assert.deepEqual(await pattern(), first)
    assert.ok(first.includes(200) && first.includes(500))
  })

  it('are for the named calls, logstore and shard alone', async () => {
    world.emulator.addFault({ kind: 'error', call: ['GetCursor', 'PullLogs'], logstore: 'access', shard: 1 })
    const cursor = (logstore: string, shard: number) =>
      world.client.send({ target: `/logstores/${logstore}/shards/${shard}?type=cursor&from=begin` })
    assert.equal((await cursor('access', 1)).status, 500)
    assert.equal((await cursor('access', 0)).status, 200)
    assert.equal((await cursor('other', 0)).status, 200)
    assert.equal((await world.client.send(shards)).status, 200)
  })

  it('know the shard of a write by hash key', async () => {
    world.emulator.addFault({ kind: 'error', call: 'PutLogs', shard: 1 })
    assert.equal((await world.putText('x', keyAt(0.1))).status, 200)
    assert.equal((await world.putText('x', keyAt(0.9))).status, 500)
    assert.deepEqual(await world.texts(1), [])
  })

  it('delay: waits before acting', async () => {
    world.emulator.addFault({ kind: 'delay', call: 'ListShards', delay: 200 })
    const answered: string[] = []
    const note = async (target: string) => {
      assert.equal((await world.client.send({ target })).status, 200)
      answered.push(target)
    }
    await Promise.all([note(shards.target), note('/logstores')])
    assert.deepEqual(answered, ['/logstores', shards.target])
  })

  it('delay: ends when the client goes', async () => {
    world.emulator.addFault({ kind: 'delay', call: 'ListShards', delay: 3_600_000 })
    const pending = world.client.send(shards)
    const cut = assert.rejects(pending)
    while (!('ListShards' in world.emulator.stats().calls)) await new Promise(setImmediate)
    world.client.close()
    await cut
  })

  it('cutBefore: nothing happens and nothing is answered', async () => {
    world.emulator.addFault({ kind: 'cutBefore', call: 'PutLogs', count: 1 })
    await assert.rejects(world.putText('lost', keyAt(0)), /socket hang up|ECONNRESET/)
    await world.putText('kept', keyAt(0))
    assert.deepEqual(await world.texts(0), ['kept'])
  })

  it('cutAfter: it happens and nothing is answered', async () => {
    world.emulator.addFault({ kind: 'cutAfter', call: 'PutLogs', count: 1 })
    await assert.rejects(world.putText('first', keyAt(0)), /socket hang up|ECONNRESET/)
    await world.putText('second', keyAt(0))
    assert.deepEqual(await world.texts(0), ['first', 'second'])
  })

  it('halfBody: the connection ends within the body', async () => {
    await world.putText('x'.repeat(1000), keyAt(0))
    const pull = await pullTarget()
    world.emulator.addFault({ kind: 'halfBody', call: 'PullLogs', count: 1 })
    await assert.rejects(world.client.send(pull), /aborted|ECONNRESET/)
    assert.equal((await world.client.send(pull)).status, 200)
  })

  it('corruptBody: the body has its length, but not its bytes', async () => {
    await world.putText('x'.repeat(1000), keyAt(0))
    const pull = await pullTarget()
    const good = await world.client.send(pull)
    world.emulator.addFault({ kind: 'corruptBody', call: 'PullLogs', count: 1 })
    const bad = await world.client.send(pull)
    assert.equal(bad.status, 200)
    assert.equal(bad.body.length, good.body.length)
    assert.notDeepEqual(bad.body, good.body)
    assert.deepEqual((await world.client.send(pull)).body, good.body)
  })

  it('corruptBody: spares answers without one', async () => {
    const id = world.emulator.addFault({ kind: 'corruptBody', count: 1 })
    await world.putText('x', keyAt(0))
    assert.equal(world.emulator.stats().faults.find((fault) => fault.id === id)?.hits, 0)
  })

  it('throttle: answers the quota errors of a shard beyond a rate', async () => {
    world.emulator.addFault({ kind: 'throttle', call: 'PutLogs', shard: 0, callsPerSecond: 2 })
    const write = async () => (await world.putText('x', keyAt(0))).status
    assert.deepEqual([await write(), await write(), await write()], [200, 200, 403])
    assert.equal((await world.putText('x', keyAt(0.9))).status, 200)
    world.pass(1)
    assert.equal(await write(), 200)
    assert.equal((await world.texts(0)).length, 3)
  })

  it('throttle: a load-balanced write goes to another shard', async () => {
    world.emulator.addFault({ kind: 'throttle', call: 'PutLogs', shard: 0, callsPerSecond: 0 })
    for (let i = 0; i < 4; i++) assert.equal((await world.put(groupOf('x'))).status, 200)
    assert.equal((await world.texts(1)).length, 4)
  })

  it('throttle: counts bytes read', async () => {
    await world.putText('x'.repeat(1000), keyAt(0))
    const pull = await pullTarget()
    world.emulator.addFault({ kind: 'throttle', call: 'PullLogs', bytesPerSecond: 1000 })
    assert.equal((await world.client.send(pull)).status, 200)
    assert.equal(await world.client.refusal(pull), '403 ShardReadQuotaExceed')
  })

  it('clockSkew: the service believes in another time', async () => {
    world.emulator.addFault({ kind: 'clockSkew', skew: 20 * 60_000, count: 2 })
    const refused = await world.client.send(shards)
    assert.equal(refusalOf(refused), '400 RequestTimeTooSkewed')
    const told = Number(refused.headers['x-log-time']) * 1000
    assert.equal(told, NOW + 20 * 60_000)
    assert.equal((await world.client.send({ ...shards, now: told })).status, 200)
    assert.equal((await world.client.send(shards)).status, 200)
  })

  it('clockSkew: log times are held against that time, too', async () => {
    const skew = 60 * 60_000
    const hourAhead = groupOf('later', NOW_SECONDS + skew / 1000)
    world.emulator.addFault({ kind: 'clockSkew', call: 'PutLogs', skew, count: 2 })
    assert.equal((await world.put(hourAhead, { now: NOW + skew })).status, 200)
    assert.equal((await world.put(groupOf('earlier'), { now: NOW + skew })).status, 200)
    assert.equal(refusalOf(await world.put(hourAhead)), '400 PostBodyInvalid')
  })

  it('expireCursors: the data goes, and cursors into it with it', async () => {
    for (let i = 0; i < 3; i++) await world.putText(`${i}`, keyAt(0))
    const old = await pullTarget()
    const end = await world.cursor(0, 'end')
    world.emulator.addFault({ kind: 'expireCursors', logstore: 'access', shard: 0, keep: 1 })
    assert.equal(await world.client.refusal(old), '400 InvalidCursor')
    assert.deepEqual(await world.texts(0), ['2'])
    assert.equal(await world.cursor(0, 'end'), end)
  })

  describe('over HTTP', () => {
    it('are set, listed with their hits, and cleared', async () => {
      const set = await control(
        'POST',
        'faults',
        JSON.stringify([
          { kind: 'error', count: 3 },
          { kind: 'delay', delay: 1 }
        ])
      )
      const { ids } = JSON.parse(set.body.toString()) as { ids: string[] }
      assert.equal(ids.length, 2)
      await world.client.send(shards)
      const list = async () => JSON.parse((await control('GET', 'faults')).body.toString()) as unknown
      assert.deepEqual(await list(), [
        { id: ids[0], kind: 'error', count: 3, hits: 1, remaining: 2 },
        { id: ids[1], kind: 'delay', delay: 1, hits: 1 }
      ])
      assert.equal((await control('DELETE', `faults/${ids[0]}`)).status, 200)
      assert.equal((await control('DELETE', `faults/${ids[0]}`)).status, 404)
      assert.equal((await world.client.send(shards)).status, 200)
      assert.equal((await control('DELETE', 'faults')).status, 200)
      assert.deepEqual(await list(), [])
    })

    for (const fault of [
      {},
      { kind: 'other' },
      { kind: 'error', count: 0 },
      { kind: 'error', probability: 2 },
      { kind: 'error', unknown: 1 },
      { kind: 'error', code: 5 },
      { kind: 'error', call: [5] },
      { kind: 'error', call: [] },
      { kind: 'error', call: 'Putlogs' },
      { kind: 'error', call: ['PutLogs', 'Unknown'] },
      { kind: 'error', count: 1.5 },
      { kind: 'error', shard: 0.5 },
      { kind: 'throttle' },
      { kind: 'delay' },
      { kind: 'clockSkew' },
      5
    ]) {
      it(`are refused as ${JSON.stringify(fault)}`, async () => {
        assert.equal(
          refusalOf(await control('POST', 'faults', JSON.stringify(fault))),
          '400 ParameterInvalid'
        )
        assert.throws(() => world.emulator.addFault(fault as FaultSpec))
      })
    }

    it('are refused where they are no JSON', async () => {
      assert.equal(refusalOf(await control('POST', 'faults', 'kind')), '400 ParameterInvalid')
    })
  })

  it('show in the stats, each kind', async () => {
    const kinds: FaultSpec[] = [
      { kind: 'error', call: 'ListShards' },
      { kind: 'delay', call: 'GetProject', delay: 0 },
      { kind: 'cutBefore', call: 'GetLogStore' },
      { kind: 'cutAfter', call: 'GetIndex' },
      { kind: 'halfBody', call: 'ListLogStores' },
      { kind: 'corruptBody', call: 'GetCheckPoint' },
      { kind: 'throttle', call: 'PutLogs', callsPerSecond: 0 },
      { kind: 'clockSkew', call: 'ListConsumerGroup', skew: 1 },
      { kind: 'expireCursors', logstore: 'other' }
    ]
    await world.client.send(jsonRequest('/logstores/access/index', {}))
    await world.client.send(jsonRequest('/logstores/access/consumergroups', { consumerGroup: 'g' }))
    for (const kind of kinds) world.emulator.addFault(kind)
    for (const target of [
      '/',
      '/logstores',
      '/logstores/access',
      '/logstores/access/index',
      '/logstores/access/shards',
      '/logstores/access/consumergroups',
      '/logstores/access/consumergroups/g'
    ]) {
      await world.client.send({ target }).catch(() => undefined)
    }
    await world.put(groupOf('x'))
    const { faults } = JSON.parse((await control('GET', 'stats')).body.toString()) as {
      faults: { kind: string; hits: number }[]
    }
    assert.deepEqual(
      faults.map(({ kind }) => kind),
      kinds.map(({ kind }) => kind)
    )
    for (const { kind, hits } of faults) assert.ok(hits > 0, `${kind} has not struck`)
  })
})
