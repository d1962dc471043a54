import assert from 'node:assert/strict'
import { type RawAnswer, refusalOf } from './raw-client'
import { groupOf, keyAt, World } from './world'

describe('quotas of a shard', () => {
  const world = new World({ logstores: ['access:2'], quotas: true })
  const write = (bytes: number, key = keyAt(0)) => world.putText('x'.repeat(bytes), key)
  const MiB = 1024 * 1024

  async function pullAnswer(): Promise<RawAnswer> {
    const cursor = encodeURIComponent(await world.cursor(0, 'begin'))
    return world.client.send({ target: `/logstores/access/shards/0?type=log&cursor=${cursor}` })
  }

  const pull = async () => (await pullAnswer()).status

  async function readRefusal(): Promise<string> {
    const answer = await pullAnswer()
    assert.equal(refusalOf(answer), '403 ShardReadQuotaExceed')
    return answer.body.toString()
  }

  it('refuse writes beyond 5 MiB in a second, of that shard alone', async () => {
    assert.equal((await write(3 * MiB)).status, 200)
    assert.equal((await write(3 * MiB)).status, 200)
    assert.equal(refusalOf(await write(10)), '403 ShardWriteQuotaExceed')
    assert.equal((await write(10, keyAt(0.9))).status, 200)
    world.pass(1)
    assert.equal((await write(10)).status, 200)
  })

  it('refuse more than 500 writes in a second', async () => {
    for (let i = 0; i < 500; i++) assert.equal((await write(1)).status, 200)
    assert.equal(refusalOf(await write(1)), '403 ShardWriteQuotaExceed')
  })

  it('refuse a load-balanced write only when every shard is over', async () => {
    world.emulator.setQuotas({ write: { callsPerSecond: 1 }, read: {} })
    assert.equal((await world.put(groupOf('x'))).status, 200)
    assert.equal((await world.put(groupOf('x'))).status, 200)
    assert.equal(refusalOf(await world.put(groupOf('x'))), '403 ShardWriteQuotaExceed')
  })

  it('refuse more than 100 reads in a second', async () => {
    for (let i = 0; i < 100; i++) assert.equal(await pull(), 200)
    assert.match(await readRefusal(), /shard read qps exceed quota limits/)
    world.pass(1)
    assert.equal(await pull(), 200)
  })

  it('refuse reads beyond 10 MiB in a second', async () => {
    await write(6 * MiB)
    assert.deepEqual([await pull(), await pull()], [200, 200])
    assert.match(await readRefusal(), /shard read bytes exceed quota limits/)
  })

  it('are set and lifted over HTTP', async () => {
    const put = (body: string) =>
      world.client.exchange('PUT', '/_emulator/quotas', { host: '127.0.0.1' }, Buffer.from(body))
    assert.equal((await put('{"read":{"callsPerSecond":1}}')).status, 200)
    assert.deepEqual([await pull(), await pull()], [200, 403])
    assert.equal((await put('false')).status, 200)
    assert.equal(world.emulator.stats().quotas, undefined)
    const get = () =>
      world.client.exchange('GET', '/_emulator/quotas', { host: '127.0.0.1' }, Buffer.alloc(0))
    assert.equal((await get()).body.toString(), 'false')
    assert.deepEqual([await pull(), await pull()], [200, 200])
    assert.equal((await put('true')).status, 200)
    assert.equal(world.emulator.stats().quotas?.write.callsPerSecond, 500)
    assert.deepEqual(JSON.parse((await get()).body.toString()), world.emulator.stats().quotas)
    for (const wrong of ['5', '{"read":{"a":1}}', '{"read":{"callsPerSecond":-1}}', '{"read":5}', 'x']) {
      assert.equal(refusalOf(await put(wrong)), '400 ParameterInvalid', wrong)
    }
  })
})
