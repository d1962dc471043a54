import assert from 'node:assert/strict'
import type { Logstore } from './logstore'
import { createSearchable, type LogEntry, START } from './searchable'
import { serviceOfSuite } from './service'
import { accepted, refused } from './support/reply'
import { unproven } from './support/unproven'

interface Answer {
  meta: { progress: string; count: number }
  data: LogEntry[]
}

const SPAN = { from: START, to: START + 600 }

describe('Contract: GetLogs', () => {
  const service = serviceOfSuite()
  let logstore: Logstore
  before(async () => {
    logstore = await createSearchable(service)
  })

  const numbers = (entries: readonly LogEntry[]) => entries.map(({ n }) => Number(n))

  describe('in its third form (POST /logs)', () => {
    const searchReply = (json: Record<string, unknown>, headers: Record<string, string> = {}) =>
      service.call({
        method: 'POST',
        path: `${logstore.path}/logs`,
        json: { ...SPAN, line: 100, offset: 0, reverse: false, query: '', ...json },
        headers: { 'accept-encoding': 'lz4', ...headers }
      })
    const search = async (json: Record<string, unknown>) => accepted(await searchReply(json)).json<Answer>()

    it('gives the logs of the time span with its progress', async () => {
      const { meta, data } = await search({})
      assert.equal(meta.progress, 'Complete')
      assert.equal(meta.count, 10)
      assert.deepEqual(numbers(data), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    })

    it('gives with each log its time, topic and source', async () => {
      const { data } = await search({ line: 1 })
      assert.equal(Number(data[0]?.['__time__']), START)
      assert.equal(data[0]?.['__topic__'], 'shop')
      assert.equal(data[0]?.['__source__'], '10.0.0.9')
    })

    it('excludes the second at which the span ends', async () => {
      const { data } = await search({ from: START, to: START + 30 })
      assert.deepEqual(numbers(data), [0, 1, 2])
    })

    it('gives the newest first when reversed', async () => {
      assert.deepEqual(numbers((await search({ reverse: true, line: 3 })).data), [9, 8, 7])
    })

    it('goes on by line and offset', async () => {
      assert.deepEqual(numbers((await search({ line: 4, offset: 4 })).data), [4, 5, 6, 7])
    })

    it('finds a word of the line', async () => {
      assert.deepEqual(numbers((await search({ query: 'failed' })).data), [3, 6, 9])
    })

    it('finds the value of a field', async () => {
      assert.deepEqual(numbers((await search({ query: 'level: error' })).data), [3, 6, 9])
    })

    for (const [query, expected] of [
      ['level: error and n: 6', [6]],
      ['n: 1 or n: 2', [1, 2]],
      ['not level: error', [0, 1, 2, 4, 5, 7, 8]],
      ['*', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
      ['level: warn', []]
    ] as const) {
      it(`answers ${query}`, async () => {
        assert.deepEqual(numbers((await search({ query })).data), expected)
      })
    }

    it('finds by topic', async () => {
      assert.equal((await search({ topic: 'shop' })).data.length, 10)
      assert.equal((await search({ topic: 'elsewhere' })).data.length, 0)
    })

    it('compresses its reply for a client that accepts LZ4', async () => {
      const reply = accepted(await searchReply({}))
      assert.equal(reply.header('x-log-compresstype'), 'lz4')
      assert.equal(Number(reply.header('x-log-bodyrawsize')), reply.raw.length)
    })

    it('refuses an unknown logstore as LogStoreNotExist', async () => {
      const path = '/logstores/no-such-logstore-here/logs'
      const reply = await service.call({ method: 'POST', path, json: { ...SPAN, query: '' } })
      refused(reply, 404, 'LogStoreNotExist')
    })

    unproven('refuses a span that ends before it begins as InvalidTimeRange', async () => {
      const reply = await searchReply({ from: START + 10, to: START })
      refused(reply, 400, ['InvalidTimeRange', 'ParameterInvalid'])
    })

    unproven('refuses to give more than 100 logs at once', async () => {
      refused(await searchReply({ line: 101 }), 400, ['InvalidLine', 'ParameterInvalid'])
    })

    unproven('refuses a query that it cannot read', async () => {
      refused(await searchReply({ query: 'level: and (' }), 400, ['ParameterInvalid', 'InvalidQueryString'])
    })
  })

  describe('in its old form (GET with type=log)', () => {
    const search = async (query: Record<string, string | number>) =>
      accepted(await service.call({ path: logstore.path, query: { type: 'log', ...SPAN, ...query } }))

    it('gives a bare array of logs', async () => {
      assert.deepEqual(numbers((await search({})).json<LogEntry[]>()), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    })

    it('tells progress and count in headers', async () => {
      const reply = await search({ query: 'level: error' })
      assert.equal(reply.header('x-log-progress'), 'Complete')
      assert.equal(reply.header('x-log-count'), '3')
    })

    it('takes line, offset and reverse', async () => {
      const reply = await search({ line: 2, offset: 1, reverse: 'true' })
      assert.deepEqual(numbers(reply.json<LogEntry[]>()), [8, 7])
    })
  })
})
