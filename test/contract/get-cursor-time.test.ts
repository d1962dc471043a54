import assert from 'node:assert/strict'
import { cursorAt, type Logstore, logGroup, positionOf } from './logstore'
import { serviceOfSuite } from './service'
import { now } from './support/calls'
import { accepted, refused } from './support/reply'
import { unproven } from './support/unproven'

const HOUR = 3600

describe('Contract: GetCursorTime', () => {
  const service = serviceOfSuite()
  let logstore: Logstore
  let begin: string
  before(async () => {
    logstore = await service.createLogstore()
    begin = await logstore.cursor(0, 'end')
    for (const text of ['a', 'b', 'c']) await logstore.put(logGroup(text, now() - HOUR))
    await logstore.read(0, begin, 3)
  })

  it('gives the second in which the group was received', async () => {
    assert.ok(Math.abs((await logstore.cursorTime(0, begin)) - now()) < 300)
  })

  it('gives it as a whole number', async () => {
    const { cursor_time: time } = accepted(await logstore.cursorTimeReply(0, begin)).json<{
      cursor_time: unknown
    }>()
    assert.ok(Number.isSafeInteger(time), String(time))
  })

  it('does not give the time that the logs bear', async () => {
    assert.ok((await logstore.cursorTime(0, begin)) > now() - HOUR / 2)
  })

  it('never goes back from group to group', async () => {
    const times: number[] = []
    for (const step of [0n, 1n, 2n])
      times.push(await logstore.cursorTime(0, cursorAt(positionOf(begin) + step)))
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b)
    )
  })

  it('is no earlier than the time that a cursor was asked for', async () => {
    const time = await logstore.cursorTime(0, begin)
    assert.ok((await logstore.cursorTime(0, await logstore.cursor(0, time))) >= time)
  })

  it('knows the group before the end, which readers take for their lag', async () => {
    const previous = cursorAt(positionOf(await logstore.cursor(0, 'end')) - 1n)
    assert.ok((await logstore.cursorTime(0, previous)) <= now() + 300)
  })

  unproven('refuses the end cursor as InvalidCursor', async () => {
    refused(await logstore.cursorTimeReply(0, await logstore.cursor(0, 'end')), 400, 'InvalidCursor')
  })

  it('refuses what is no cursor', async () => {
    refused(await logstore.cursorTimeReply(0, 'not base64!'), 400, ['InvalidCursor', 'ParameterInvalid'])
  })

  it('refuses an unknown shard as ShardNotExist', async () => {
    refused(await logstore.cursorTimeReply(42, begin), [400, 404], 'ShardNotExist')
  })

  it('refuses an unknown logstore as LogStoreNotExist', async () => {
    const path = '/logstores/no-such-logstore-here/shards/0'
    const query = { type: 'cursor_time', cursor: begin }
    refused(await service.call({ path, query }), 404, 'LogStoreNotExist')
  })
})
