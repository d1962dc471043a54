import assert from 'node:assert/strict'
import { cursorAt, type Logstore, logGroup, positionOf, textsOf } from './logstore'
import { serviceOfSuite } from './service'
import { now } from './support/calls'
import { eventually } from './support/eventually'
import type { Pair } from './support/log-groups'
import { accepted, refused } from './support/reply'
import { unproven } from './support/unproven'

const words = ['one', 'two', 'three', 'four', 'five', 'six']

describe('Contract: PullLogs', () => {
  const service = serviceOfSuite()
  let logstore: Logstore
  let empty: Logstore
  let begin: string
  let end: string
  before(async () => {
    ;[logstore, empty] = await Promise.all([service.createLogstore(), service.createLogstore()])
    begin = await logstore.cursor(0, 'end')
    await logstore.putAll(words)
    await logstore.read(0, begin, words.length)
    end = await logstore.cursor(0, 'end')
  })

  describe('walking through a shard', () => {
    it('gives all groups behind a cursor in the order of their arrival', async () => {
      assert.deepEqual(textsOf((await logstore.pull(0, begin)).groups), words)
    })

    it('gives the same groups for the same cursor again', async () => {
      const [first, second] = [await logstore.pull(0, begin), await logstore.pull(0, begin)]
      assert.deepEqual(second.groups, first.groups)
      assert.equal(second.next, first.next)
    })

    it('gives no more groups than asked for, from the cursor on', async () => {
      const { groups } = await logstore.pull(0, begin, { count: 2 })
      assert.deepEqual(textsOf(groups), words.slice(0, 2))
    })

    it('gives every group once to a reader that goes from cursor to cursor, one group a fetch', async () => {
      const seen: string[] = []
      let cursor = begin
      for (const _ of words) {
        const { groups, next } = await logstore.pull(0, cursor, { count: 1 })
        seen.push(...textsOf(groups))
        assert.ok(positionOf(next) > positionOf(cursor), 'the cursor moves on')
        cursor = next
      }
      assert.deepEqual(seen, words)
      assert.equal(cursor, end)
    })

    it('answers at the end of the data with no group and the same cursor', async () => {
      const { groups, next, reply } = await logstore.pull(0, end)
      assert.deepEqual(groups, [])
      assert.equal(next, end)
      assert.equal(reply.header('x-log-count'), '0')
    })

    it('answers in an empty shard with no group and the same cursor', async () => {
      const cursor = await empty.cursor(0, 'begin')
      const { groups, next } = await empty.pull(0, cursor)
      assert.deepEqual(groups, [])
      assert.equal(next, cursor)
    })

    it('gives behind the end cursor what is written later', async () => {
      const cursor = await logstore.cursor(0, 'end')
      await logstore.put('later')
      assert.deepEqual(textsOf(await logstore.read(0, cursor, 1)), ['later'])
    })

    it('reads the same for type=log and type=logs', async () => {
      const { groups } = await logstore.pull(0, begin, { query: { type: 'logs' }, count: 3 })
      assert.deepEqual(textsOf(groups), words.slice(0, 3))
    })

    unproven('takes a cursor without its base64 padding', async () => {
      const { groups } = await logstore.pull(0, begin.replace(/=+$/, ''), { count: 1 })
      assert.deepEqual(textsOf(groups), ['one'])
    })

    unproven('gives at most 10 MiB of raw data in one reply, and at least one group', async () => {
      const cursor = await empty.cursor(0, 'end')
      const logs = Array.from({ length: 5 }, () => logGroup('x'.repeat(900_000)).logs).flat()
      for (let i = 0; i < 3; i++) await empty.put({ ...logGroup(''), logs }, { compression: 'deflate' })
      const { reply, groups } = await eventually(async () => {
        const pulled = await empty.pull(0, cursor)
        assert.ok(pulled.groups.length > 0)
        return pulled
      })
      assert.ok(groups.length < 3)
      assert.ok(reply.raw.length <= 10 * 1024 * 1024)
    })
  })

  describe('the headers of a reply', () => {
    it('says that the body is protobuf', async () => {
      const { reply } = await logstore.pull(0, begin)
      assert.match(reply.header('content-type') ?? '', /^application\/x-protobuf/)
    })

    it('names the last group’s position in decimal, so that each group’s cursor follows', async () => {
      const { reply, groups } = await logstore.pull(0, begin, { count: 4 })
      const last = BigInt(reply.header('x-log-read-last-cursor') ?? '')
      for (const [i, group] of groups.entries()) {
        const cursor = cursorAt(last - BigInt(groups.length - 1 - i))
        const { groups: found } = await logstore.pull(0, cursor, { count: 1 })
        assert.deepEqual(found, [group])
      }
    })

    it('continues right behind the last group', async () => {
      const { reply, next } = await logstore.pull(0, begin, { count: 3 })
      assert.equal(positionOf(next), BigInt(reply.header('x-log-read-last-cursor') ?? '') + 1n)
    })

    it('tells a reader that has caught up so', async () => {
      const { reply } = await logstore.pull(0, await logstore.cursor(0, 'end'))
      assert.equal(reply.header('x-log-end-of-cursor'), '1')
    })

    unproven('tells with the last data that the reader has caught up, and not before', async () => {
      const { reply: first } = await logstore.pull(0, begin, { count: 1 })
      const { reply: all } = await logstore.pull(0, begin)
      assert.notEqual(first.header('x-log-end-of-cursor'), '1')
      assert.equal(all.header('x-log-end-of-cursor'), '1')
    })

    unproven('tells the receive time of the last group', async () => {
      const { reply } = await logstore.pull(0, begin, { count: 2 })
      const last = cursorAt(BigInt(reply.header('x-log-read-last-cursor') ?? ''))
      assert.equal(reply.header('x-log-cursor-time'), String(await logstore.cursorTime(0, last)))
    })

    unproven('tells its own time where there is nothing to read', async () => {
      const { reply } = await logstore.pull(0, await logstore.cursor(0, 'end'))
      assert.ok(Math.abs(Number(reply.header('x-log-cursor-time')) - now()) < 300)
    })

    it('gives the headers without the data to HEAD', async () => {
      const reply = accepted(await logstore.pullReply(0, begin, { method: 'HEAD', count: 2 }))
      assert.equal(reply.body.length, 0)
      assert.equal(reply.header('x-log-cursor'), (await logstore.pull(0, begin, { count: 2 })).next)
    })
  })

  describe('bounded reads', () => {
    it('stops before the end cursor and continues there', async () => {
      const { next: third } = await logstore.pull(0, begin, { count: 3 })
      const { groups, next } = await logstore.pull(0, begin, { endCursor: third })
      assert.deepEqual(textsOf(groups), words.slice(0, 3))
      assert.equal(next, third)
    })

    unproven('gives nothing and stays where cursor and end cursor are the same', async () => {
      const { groups, next } = await logstore.pull(0, begin, { endCursor: begin })
      assert.deepEqual(groups, [])
      assert.equal(next, begin)
    })

    unproven('takes endCursor, as the Rust SDK writes it', async () => {
      const { next: second } = await logstore.pull(0, begin, { count: 2 })
      const { groups } = await logstore.pull(0, begin, { query: { endCursor: second } })
      assert.deepEqual(textsOf(groups), words.slice(0, 2))
    })
  })

  describe('what is refused', () => {
    for (const count of [-1, 1001, 'many'] as const) {
      it(`refuses a count of ${count} as ParameterInvalid`, async () => {
        refused(await logstore.pullReply(0, begin, { query: { count } }), 400, 'ParameterInvalid')
      })
    }

    for (const cursor of ['not base64!', Buffer.from('not a number').toString('base64'), '']) {
      it(`refuses "${cursor}" as a cursor`, async () => {
        refused(await logstore.pullReply(0, cursor), 400, ['InvalidCursor', 'ParameterInvalid'])
      })
    }

    unproven('refuses to give anything but protobuf as InvalidAcceptContentType', async () => {
      const reply = await logstore.pullReply(0, begin, { headers: { accept: 'text/html' } })
      refused(reply, 400, 'InvalidAcceptContentType')
    })

    unproven('refuses a cursor past the end as InvalidCursor', async () => {
      const past = cursorAt(positionOf(await logstore.cursor(0, 'end')) + 1_000_000_000_000n)
      refused(await logstore.pullReply(0, past), 400, 'InvalidCursor')
    })

    unproven('refuses a cursor older than any data as InvalidCursor', async () => {
      refused(await logstore.pullReply(0, cursorAt(1n)), 400, 'InvalidCursor')
    })

    it('refuses an unknown shard as ShardNotExist', async () => {
      refused(await logstore.pullReply(77, begin), [400, 404], 'ShardNotExist')
    })

    unproven('refuses an unknown shard with status 400', async () => {
      refused(await logstore.pullReply(77, begin), 400, 'ShardNotExist')
    })

    it('refuses an unknown logstore as LogStoreNotExist', async () => {
      const query = { type: 'log', cursor: begin, count: 1 }
      const headers = { 'accept-encoding': 'lz4' }
      const path = '/logstores/no-such-logstore-here/shards/0'
      refused(await service.call({ path, query, headers }), 404, 'LogStoreNotExist')
    })
  })

  describe('with a query', () => {
    let shelf: Logstore
    let cursor: string
    before(async () => {
      shelf = await service.createLogstore()
      cursor = await shelf.cursor(0, 'end')
      const levels = ['info', 'error', 'info', 'warn', 'error', 'info']
      const logs = levels.map((level, i) => ({
        time: now(),
        contents: [
          ['level', level],
          ['n', String(i)]
        ] as Pair[]
      }))
      await shelf.put({ ...logGroup(''), logs: logs.slice(0, 3) })
      await shelf.put({ ...logGroup(''), logs: logs.slice(3) })
      await shelf.read(0, cursor, 2)
    })

    const numbersOf = async (query: string) => {
      const { groups } = await shelf.pull(0, cursor, { query: { query, pullMode: 'scan_on_stream' } })
      return groups.flatMap(({ logs }) => logs.map(({ contents }) => new Map(contents).get('n')))
    }

    it('gives only the logs that a condition holds for', async () => {
      assert.deepEqual(await numbersOf(`* | where level = 'error'`), ['1', '4'])
    })

    for (const [query, expected] of [
      [`* | where level != 'info'`, ['1', '3', '4']],
      [`* | where level = 'error' or level = 'warn'`, ['1', '3', '4']],
      [`* | where level = 'error' and n = '4'`, ['4']],
      [`* | where not level = 'info'`, ['1', '3', '4']],
      [`* | where level like '%r%'`, ['1', '3', '4']],
      [`* | where cast(n as bigint) >= 4`, ['4', '5']]
    ] as const) {
      it(`answers ${query}`, async () => {
        assert.deepEqual(await numbersOf(query), expected)
      })
    }

    it('gives only the fields that are projected', async () => {
      const { groups } = await shelf.pull(0, cursor, { query: { query: '* | project level' } })
      const keys = groups.flatMap(({ logs }) => logs.flatMap(({ contents }) => contents.map(([key]) => key)))
      assert.deepEqual([...new Set(keys)], ['level'])
    })

    it('counts what was read beside what is left', async () => {
      const { reply } = await shelf.pull(0, cursor, { query: { query: `* | where level = 'error'` } })
      assert.equal(reply.header('x-log-rawdatacount'), '2')
      assert.equal(reply.header('x-log-rawdatalines'), '6')
      assert.equal(reply.header('x-log-resultlines'), '2')
    })

    it('moves the cursor even where every log is filtered out', async () => {
      const { groups, next } = await shelf.pull(0, cursor, { query: { query: `* | where level = 'none'` } })
      assert.deepEqual(groups, [])
      assert.equal(next, await shelf.cursor(0, 'end'))
    })

    it('refuses a statement that it cannot read, and never passes the logs through', async () => {
      const reply = await shelf.pullReply(0, cursor, { query: { query: '* | wher level = ' } })
      assert.equal(reply.status, 400)
    })
  })
})
