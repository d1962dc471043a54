import assert from 'node:assert/strict'
import { type Logstore, logGroup, positionOf, textsOf } from './logstore'
import { serviceOfSuite } from './service'
import { now } from './support/calls'
import { eventually } from './support/eventually'
import { refused } from './support/reply'
import { unproven } from './support/unproven'

const HOUR = 3600

describe('Contract: GetCursor', () => {
  const service = serviceOfSuite()
  let logstore: Logstore
  let empty: Logstore
  let early: { cursor: string; time: number }
  let late: { cursor: string; time: number }
  before(async () => {
    ;[logstore, empty] = await Promise.all([service.createLogstore(), service.createLogstore()])
    early = await receivedGroup(logstore, 'early')
    late = await eventually(async () => {
      const received = await receivedGroup(logstore, 'late')
      assert.ok(received.time > early.time, 'a later second')
      return received
    })
  })

  it('gives the base64 of a decimal number', async () => {
    assert.ok(positionOf(await logstore.cursor(0, 'begin')) > 0n)
  })

  it('pads its base64', async () => {
    const cursor = await logstore.cursor(0, 'begin')
    assert.equal(cursor, Buffer.from(cursor, 'base64').toString('base64'))
  })

  it('gives one and the same position for begin and end of an empty shard', async () => {
    assert.equal(await empty.cursor(0, 'begin'), await empty.cursor(0, 'end'))
  })

  it('gives the oldest group for begin', async () => {
    const { groups } = await logstore.pull(0, await logstore.cursor(0, 'begin'), { count: 1 })
    assert.deepEqual(textsOf(groups), ['early'])
  })

  it('gives the position behind the newest group for end', async () => {
    const end = await logstore.cursor(0, 'end')
    assert.deepEqual((await logstore.pull(0, end)).groups, [])
    assert.ok(positionOf(end) > positionOf(late.cursor))
  })

  it('does not move begin when something is written', async () => {
    const begin = await logstore.cursor(0, 'begin')
    await receivedGroup(logstore, 'one more')
    assert.equal(await logstore.cursor(0, 'begin'), begin)
  })

  it('gives begin for a time before all data', async () => {
    assert.equal(await logstore.cursor(0, early.time - HOUR), await logstore.cursor(0, 'begin'))
    assert.equal(await logstore.cursor(0, 1), await logstore.cursor(0, 'begin'))
  })

  it('gives end for a time to come', async () => {
    assert.equal(await logstore.cursor(0, now() + HOUR), await logstore.cursor(0, 'end'))
  })

  it('gives the first group that was received at or after a second', async () => {
    const { groups } = await logstore.pull(0, await logstore.cursor(0, late.time), { count: 1 })
    assert.deepEqual(textsOf(groups), ['late'])
  })

  it('goes by the time of receipt, not by the times of the logs', async () => {
    const cursor = await logstore.cursor(0, 'end')
    await logstore.put(logGroup('written long ago', now() - 24 * HOUR))
    await logstore.read(0, cursor, 1)
    assert.ok(positionOf(await logstore.cursor(0, late.time)) <= positionOf(cursor))
    assert.ok((await logstore.cursorTime(0, cursor)) >= late.time)
  })

  it('never goes back as the time goes on', async () => {
    const times = [early.time - 10, early.time, early.time + 1, late.time, late.time + 1, now() + 10]
    const positions: bigint[] = []
    for (const time of times) positions.push(positionOf(await logstore.cursor(0, time)))
    assert.deepEqual(
      positions,
      [...positions].sort((a, b) => (a < b ? -1 : 1))
    )
  })

  it('refuses a word that is no position as ParameterInvalid', async () => {
    refused(await logstore.cursorReply(0, 'middle'), 400, 'ParameterInvalid')
  })

  unproven('refuses to guess where no position is given, as ParameterInvalid', async () => {
    const path = `${logstore.path}/shards/0`
    refused(await service.call({ path, query: { type: 'cursor' } }), 400, 'ParameterInvalid')
  })

  it('refuses an unknown shard as ShardNotExist', async () => {
    refused(await logstore.cursorReply(42, 'begin'), [400, 404], 'ShardNotExist')
  })

  it('refuses an unknown logstore as LogStoreNotExist', async () => {
    const path = '/logstores/no-such-logstore-here/shards/0'
    refused(await service.call({ path, query: { type: 'cursor', from: 'begin' } }), 404, 'LogStoreNotExist')
  })
})

/** Writes a group and waits for it: its cursor and the second in which it was received. */
async function receivedGroup(logstore: Logstore, text: string): Promise<{ cursor: string; time: number }> {
  const cursor = await logstore.cursor(0, 'end')
  await logstore.put(text)
  await logstore.read(0, cursor, 1)
  return { cursor, time: await logstore.cursorTime(0, cursor) }
}
