import assert from 'node:assert/strict'
import type { Logstore } from './logstore'
import { createSearchable, START } from './searchable'
import { serviceOfSuite } from './service'
import { accepted, refused } from './support/reply'

interface Bar {
  from: number
  to: number
  count: number
  progress: string
}

const SPAN = { from: START, to: START + 100 }

describe('Contract: GetHistograms', () => {
  const service = serviceOfSuite()
  let logstore: Logstore
  before(async () => {
    logstore = await createSearchable(service)
  })

  const histogramReply = (query: Record<string, string | number> = {}, path = logstore.path) =>
    service.call({ path, query: { type: 'histogram', ...SPAN, topic: '', query: '', ...query } })
  const histogram = async (query: Record<string, string | number> = {}) =>
    accepted(await histogramReply(query)).json<Bar[]>()
  const totalOf = (bars: readonly Bar[]) => bars.reduce((total, { count }) => total + count, 0)

  it('counts every log of the span once', async () => {
    assert.equal(totalOf(await histogram()), 10)
  })

  it('covers the span without a gap', async () => {
    const bars = await histogram()
    assert.equal(bars[0]?.from, SPAN.from)
    assert.equal(bars.at(-1)?.to, SPAN.to)
    for (const [i, { from }] of bars.entries()) if (i > 0) assert.equal(from, bars[i - 1]?.to)
  })

  it('says of every bar that it is complete', async () => {
    for (const { progress } of await histogram()) assert.equal(progress, 'Complete')
  })

  it('counts only what the query finds', async () => {
    assert.equal(totalOf(await histogram({ query: 'level: error' })), 3)
  })

  it('counts only what lies in the span', async () => {
    assert.equal(totalOf(await histogram({ to: START + 50 })), 5)
  })

  it('tells progress and the whole count in headers, which the Go SDK insists on', async () => {
    const reply = accepted(await histogramReply())
    assert.equal(reply.header('x-log-progress'), 'Complete')
    assert.equal(reply.header('x-log-count'), '10')
  })

  it('answers the same on the path of the index, as the Java SDK asks', async () => {
    const reply = accepted(await histogramReply({}, `${logstore.path}/index`))
    assert.deepEqual(reply.json(), await histogram())
  })

  it('refuses an unknown logstore as LogStoreNotExist', async () => {
    refused(await histogramReply({}, '/logstores/no-such-logstore-here'), 404, 'LogStoreNotExist')
  })
})
