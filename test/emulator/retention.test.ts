import assert from 'node:assert/strict'
import { runs } from '../support/counts'
import { encodeGroup, groupOf, keyAt, NOW_SECONDS, World } from './world'

describe('retention', () => {
  const world = new World({ logstores: ['access:1'] })
  const shardIds = async () =>
    (await world.client.json<{ shardID: number }[]>({ target: '/logstores/access/shards' })).map(
      ({ shardID }) => shardID
    )

  it('expires data and its cursors after the logstore ttl', async () => {
    await world.post('/logstores/access', { ttl: 1 }, 'PUT')
    await world.put(groupOf('old'))
    const old = await world.cursor(0, 'begin')
    world.pass(86_400)
    await world.put(groupOf('new', Math.floor(world.now / 1000)))
    assert.deepEqual(await world.texts(0), ['old', 'new'])
    world.pass(1)
    assert.deepEqual(await world.texts(0), ['new'])
    const target = `/logstores/access/shards/0?type=log&cursor=${encodeURIComponent(old)}`
    assert.equal(await world.refused(target), '400 InvalidCursor')
  })

  it('keeps for ever at a ttl of 3650', async () => {
    await world.put(groupOf('old'))
    world.pass(100 * 365 * 86_400)
    assert.deepEqual(await world.texts(0), ['old'])
  })

  it('forgets a readonly shard once its data is gone', async () => {
    await world.post('/logstores/access', { ttl: 1 }, 'PUT')
    await world.put(groupOf('old'))
    world.emulator.splitShard('access', 0)
    assert.deepEqual(await shardIds(), [0, 1, 2])
    world.pass(86_400)
    assert.deepEqual(await shardIds(), [0, 1, 2])
    world.pass(1)
    assert.deepEqual(await shardIds(), [1, 2])
  })

  it('may be set for all logstores in seconds', async () => {
    await world.stop()
    await world.start({ retention: 10 })
    await world.put(groupOf('old'))
    world.pass(11)
    assert.deepEqual(await world.texts(0), [])
  })
})

describe('the memory limit', () => {
  const world = new World({ logstores: ['access:2'], memory: 10_000 })

  it('lets the oldest data expire, of whichever shard', async () => {
    for (let i = 0; i < 40; i++)
      await world.putText(`${String(i).padStart(3, '0')}${'x'.repeat(997)}`, keyAt(i % 2 ? 0.9 : 0))
    const numbers = [...(await world.texts(0)), ...(await world.texts(1))].map((text) =>
      Number(text.slice(0, 3))
    )
    const expected = Array.from({ length: numbers.length }, (_, i) => 39 - i)
    assert.deepEqual(
      numbers.sort((a, b) => b - a),
      expected
    )
    assert.ok(numbers.length >= 8 && numbers.length <= 10, `${numbers.length} groups are left`)
    const { memory } = world.emulator.stats()
    assert.ok(memory.used <= 10_000 && memory.limit === 10_000)
  })

  it('keeps one group larger than itself', async () => {
    await world.putText('x'.repeat(20_000), keyAt(0))
    assert.equal((await world.texts(0)).length, 1)
    await world.putText('y', keyAt(0))
    assert.deepEqual(await world.texts(0), ['y'])
  })

  it('counts what expires otherwise as free', async () => {
    for (let i = 0; i < 9; i++) await world.putText('x'.repeat(1000), keyAt(0))
    world.emulator.addFault({ kind: 'expireCursors' })
    assert.equal(world.emulator.stats().memory.used, 0)
    for (let i = 0; i < 9; i++) await world.putText('x'.repeat(1000), keyAt(0))
    assert.equal((await world.texts(0)).length, 9)
  })

  it('of a size that holds a million logs of 300 bytes does so, and of a fourth of it a fourth', async function () {
    this.timeout(runs(20_000, 600_000))
    const groups = runs(20, 1000)
    const Logs = Array.from({ length: 1000 }, () => ({
      Time: NOW_SECONDS,
      Contents: [{ Key: 'text', Value: 'x'.repeat(282) }]
    }))
    const body = encodeGroup({ Logs })
    assert.ok(body.length >= 1000 * 300)
    for (const share of [1, 4]) {
      await world.stop()
      const limit = Math.floor((groups * body.length) / share)
      await world.start({ memory: limit })
      for (let i = 0; i < groups; i++) assert.equal((await world.put(body)).status, 200)
      const { memory, projects } = world.emulator.stats()
      const shards = projects['demo']?.['access']?.shards ?? []
      const logs = shards.reduce((sum, shard) => sum + shard.logs, 0)
      assert.equal(logs, Math.floor(groups / share) * 1000)
      assert.ok(memory.used <= limit, `${memory.used} bytes of ${limit}`)
    }
  })
})
