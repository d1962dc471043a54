import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { LogGroupEncoder } from '../../../../engine/client/codec/log-group-encoder'
import { encodeLogGroupList, parseLogGroupList } from '../../../../engine/client/codec/log-group-list'
import { runs } from '../../../support/counts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes in use once nothing is left on the stack: a running function may still hold what it no longer needs. */
async function heapUsed(): Promise<number> {
  await new Promise((resolve) => setImmediate(resolve))
  // The first ends a collection that is under way, which spares what was made since it began.
  collectGarbage()
  collectGarbage()
  return process.memoryUsage().heapUsed
}

function identitiesIn(body: Buffer): (string | undefined)[] {
  return parseLogGroupList(body).flatMap((group) => group.records().records.map((record) => record['id']))
}

function groupOf(logs: number, contents: (index: number) => Record<string, string>): Buffer {
  const encoder = new LogGroupEncoder({
    topic: 'topic',
    source: 'source',
    tags: [['tag', 'value of the tag']]
  })
  for (let index = 0; index < logs; index++) encoder.append({ time: 1, contents: contents(index) })
  return encoder.finish()
}

describe('memory of the codec', function () {
  this.timeout(runs(20_000, 600_000))

  it('a value, a topic or a tag that is kept does not keep the body of the pull', async () => {
    const kept: unknown[] = []
    const read = (): WeakRef<Buffer> => {
      const body = encodeLogGroupList([
        groupOf(50, (index) => ({
          level: 'info',
          message: `a message that is longer than a few bytes ${index}`
        })),
        groupOf(50, (index) => ({ 级别: '信息', 消息: `比较长的一条中文日志消息，用来检查内存 ${index}` }))
      ])
      for (const group of parseLogGroupList(body)) {
        kept.push(group.topic, group.tags, group.records().records[7], group.logs()[9])
      }
      return new WeakRef(body)
    }
    const body = read()
    await heapUsed()
    // A function that is being compiled in the background may hold it for a while.
    for (let round = 0; round < 20 && body.deref() !== undefined; round++) await heapUsed()
    assert.equal(kept.length, 8)
    assert.equal(body.deref(), undefined)
  })

  for (const [logSize, most] of [
    [2000, 3000],
    [10_000, 500]
  ] as const) {
    it(`a value that is kept from a log of ${logSize} bytes takes less than ${most} bytes`, async () => {
      const padding = 'x'.repeat(logSize - 100)
      const pull = (first: number): Buffer =>
        encodeLogGroupList([
          groupOf(100, (index) => ({
            id: `the identity of log number ${first + index}`,
            padding: padding + index
          }))
        ])
      const kept = identitiesIn(pull(0))
      const before = await heapUsed()
      // Of so many pulls the last one hardly counts, should anything still hold it.
      for (let first = 100; first < 5000; first += 100) kept.push(...identitiesIn(pull(first)))
      const perLog = ((await heapUsed()) - before) / (kept.length - 100)
      assert.ok(perLog < most, `${perLog} bytes a log`)
    })
  }

  it('ever new keys leave nothing behind, written or read', async () => {
    const round = (first: number): void => {
      for (let group = first; group < first + 20; group++) {
        const body = groupOf(500, (index) => ({
          [`key ${group} ${index} ${'k'.repeat(60)}`]: 'v',
          [`second ${group} ${index}`]: 'v'
        }))
        for (const view of parseLogGroupList(encodeLogGroupList([body]))) view.records()
      }
    }
    round(0)
    round(20)
    const before = await heapUsed()
    for (let first = 40; first < runs(140, 2000); first += 20) round(first)
    const growth = (await heapUsed()) - before
    assert.ok(growth < 8_000_000, `${growth} bytes`)
  })
})
