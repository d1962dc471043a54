import assert from 'node:assert/strict'
import { decodeCursor, encodeCursor } from '../../engine/client/cursor'
import { groupOf, NOW_SECONDS, World } from './world'

describe('GetCursor', () => {
  const world = new World({ logstores: ['access:1'] })
  const target = '/logstores/access/shards/0?type=cursor'

  it('answers one position for an empty shard', async () => {
    assert.equal(await world.cursor(0, 'begin'), await world.cursor(0, 'end'))
  })

  it('counts one for each group', async () => {
    const begin = decodeCursor(await world.cursor(0, 'begin'))
    for (let i = 1; i <= 3; i++) {
      await world.put(groupOf('x'))
      assert.equal(decodeCursor(await world.cursor(0, 'end')), begin + BigInt(i))
    }
    assert.equal(decodeCursor(await world.cursor(0, 'begin')), begin)
  })

  it('finds the first group received at or after a second, whatever its logs say', async () => {
    const begin = decodeCursor(await world.cursor(0, 'begin'))
    for (const logTime of [50, -50, 0]) {
      await world.put(groupOf('x', NOW_SECONDS + logTime))
      world.pass(10)
    }
    const at = async (seconds: number) => decodeCursor(await world.cursor(0, NOW_SECONDS + seconds)) - begin
    assert.equal(await at(-1000), 0n)
    assert.equal(await at(0), 0n)
    assert.equal(await at(1), 1n)
    assert.equal(await at(10), 1n)
    assert.equal(await at(11), 2n)
    assert.equal(await at(21), 3n)
    assert.equal(await at(100_000), 3n)
  })

  it('stays in order when the clock is set back', async () => {
    await world.put(groupOf('x'))
    world.pass(-100)
    await world.put(groupOf('y'))
    const end = decodeCursor(await world.cursor(0, 'end'))
    assert.equal(decodeCursor(await world.cursor(0, NOW_SECONDS)), end - 2n)
    assert.equal(decodeCursor(await world.cursor(0, NOW_SECONDS + 1)), end)
  })

  for (const from of ['middle', '-5', '1.5', '']) {
    it(`refuses from=${from}`, async () => {
      assert.equal(await world.refused(`${target}&from=${from}`), '400 ParameterInvalid')
    })
  }

  it('refuses an unknown shard', async () => {
    assert.equal(
      await world.refused('/logstores/access/shards/9?type=cursor&from=begin'),
      '400 ShardNotExist'
    )
    assert.equal(
      await world.refused('/logstores/access/shards/x?type=cursor&from=begin'),
      '400 ParameterInvalid'
    )
  })
})

describe('GetCursorTime', () => {
  const world = new World({ logstores: ['access:1'] })
  const timeOf = (cursor: string) =>
    `/logstores/access/shards/0?type=cursor_time&cursor=${encodeURIComponent(cursor)}`

  it('answers the receive time of the group at the cursor', async () => {
    const begin = decodeCursor(await world.cursor(0, 'begin'))
    await world.put(groupOf('x', NOW_SECONDS - 60))
    world.pass(5)
    await world.put(groupOf('y'))
    for (const [i, seconds] of [0, 5].entries()) {
      const answer = await world.client.json({ target: timeOf(encodeCursor(begin + BigInt(i))) })
      assert.deepEqual(answer, { cursor_time: NOW_SECONDS + seconds })
    }
  })

  it('has no time for the end, for what never was and for what is no cursor', async () => {
    await world.put(groupOf('x'))
    assert.equal(await world.refused(timeOf(await world.cursor(0, 'end'))), '400 InvalidCursor')
    assert.equal(await world.refused(timeOf(encodeCursor(5n))), '400 InvalidCursor')
    assert.equal(await world.refused(timeOf('?')), '400 InvalidCursor')
    assert.equal(await world.refused('/logstores/access/shards/0?type=cursor_time'), '400 ParameterInvalid')
  })
})
