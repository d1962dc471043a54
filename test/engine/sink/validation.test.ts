import assert from 'node:assert/strict'
import { type LogInput, measureLog } from '../../../engine/client/codec/log-group-encoder'
import type { SinkOptions } from '../../../engine/sink/options'
import type { SinkWrite } from '../../../engine/sink/prepare-write'
import { SlsSink } from '../../../engine/sink/sink'
import { FakeService } from './support/fake-service'
import { failureOf, log } from './support/logs'
import { sinkUnderTest } from './support/sink-under-test'

describe('Sink options', () => {
  const wrong: [keyof SinkOptions, unknown][] = [
    ['buckets', 3],
    ['buckets', 1024],
    ['flushInterval', -1],
    ['maxLines', 0],
    ['maxLines', 40_961],
    ['maxBytes', 10_485_761],
    ['totalBytes', 0],
    ['concurrency', 1.5],
    ['compression', 'LZ4'],
    ['overflow', 'spill'],
    ['maxBlock', -2],
    ['ordered', 'yes'],
    ['logstore', 7]
  ]
  for (const [field, value] of wrong) {
    it(`refuses ${field} ${JSON.stringify(value)}, naming it`, () => {
      const options = { client: new FakeService(), [field]: value } as SinkOptions
      assert.throws(() => new SlsSink(options), { code: 'InvalidOption', field })
    })
  }

  it('refuses an option that there is not, naming the one that was meant', () => {
    for (const [given, field, meant] of [
      [{ mayLines: 10 }, 'mayLines', 'maxLines'],
      [{ spoolbytes: 1e6 }, 'spoolbytes', 'spoolBytes'],
      [{ retry: { maxRetry: 1 } }, 'retry.maxRetry', 'retry.maxRetries']
    ] as const) {
      const options = { client: new FakeService(), ...given } as SinkOptions
      assert.throws(() => new SlsSink(options), {
        code: 'InvalidOption',
        field,
        message: `${field} is not an option: did you mean ${meant}?`
      })
    }
  })

  it('refuses to be without options or client', () => {
    const sink = (options: unknown) => () => new SlsSink(options as SinkOptions)
    assert.throws(sink(undefined), { code: 'InvalidOption', field: 'options' })
    for (const client of [undefined, null, 'http://127.0.0.1']) {
      assert.throws(sink({ client, logstore: 'access' }), { code: 'InvalidOption', field: 'client' })
    }
  })

  it('refuses a wrong client option, naming it', () => {
    const client = { endpoint: '', project: 'p', credentials: { accessKeyId: 'a', accessKeySecret: 'b' } }
    assert.throws(() => new SlsSink({ client }), { code: 'InvalidOption', field: 'endpoint' })
    const unknown = { ...client, endpoint: 'http://127.0.0.1', regoin: 'cn-hangzhou' }
    assert.throws(() => new SlsSink({ client: unknown }), { code: 'InvalidOption', field: 'regoin' })
  })
})

describe('A write', () => {
  const good = log('good')
  const bad = (contents: unknown, time: unknown = 1): LogInput => ({ time, contents }) as LogInput

  const wrong: [string, LogInput, string][] = [
    ['no log', null as unknown as LogInput, 'logs'],
    ['a time in milliseconds', bad({}, 1_700_000_000_000), 'time'],
    ['a number as value', bad({ size: 7 }), 'size'],
    ['a pair of one', bad([['a', 'b'], ['c']]), 'contents[1]'],
    ['no contents', bad(undefined), 'contents'],
    ['a Map for contents', bad(new Map([['id', '1']])), 'contents'],
    ['a Date for contents', bad(new Date(0)), 'contents']
  ]
  for (const [what, log, field] of wrong) {
    it(`with ${what} is refused whole, naming the log and the field`, async () => {
      const { sink, service, clock } = sinkUnderTest()
      const error = await failureOf(sink.write({ logs: [good, good, log] }))
      assert.deepEqual([error.code, error.field, error.logIndex, error.logs], ['InvalidLog', field, 2, 3])
      assert.match(error.message, /^log 2: /)
      await clock.advance(10_000)
      assert.equal(service.received.length, 0)
      await sink.close()
    })
  }

  it('with a log too large for the service is refused, others are not touched', async () => {
    const { sink, service, clock } = sinkUnderTest({ maxBytes: 10_485_760 })
    const before = sink.write({ logs: [log('before')] })
    const huge = { time: 1, contents: { id: 'huge', text: 'x'.repeat(10_485_760) } }
    const error = await failureOf(sink.write({ logs: [good, huge] }))
    const after = sink.write({ logs: [log('after')] })
    assert.deepEqual([error.code, error.logIndex, error.limitBytes], ['LogTooLarge', 1, 10_485_760])
    assert.ok((error.logBytes ?? 0) > 10_485_760)
    assert.match(error.message, /log 1 has \d+ bytes/)
    await clock.advance(3000)
    await Promise.all([before, after])
    assert.deepEqual(service.values('id'), ['before', 'after'])
    await sink.close()
  })

  const long = 'é'.repeat(5_300_000)
  const frames = {
    topic: { topic: long, source: 'pump' },
    source: { topic: 'x', source: long, tags: [['a', 'b']] },
    tags: {
      topic: long.slice(0, 2_500_000),
      tags: [
        ['a', long.slice(0, 1_500_000)],
        ['b', long.slice(0, 1_500_000)]
      ]
    }
  } satisfies Record<string, Omit<SinkWrite, 'logs'>>
  for (const [field, frame] of Object.entries(frames)) {
    it(`whose ${field} leaves no room for a log is refused by the name of it, others are not touched`, async () => {
      const { sink, service, clock } = sinkUnderTest()
      const error = await failureOf(sink.write({ ...frame, logs: [good, good] }))
      const after = sink.write({ logs: [good] })
      assert.deepEqual([error.code, error.field, error.logIndex], ['LogTooLarge', field, undefined])
      assert.match(error.message, new RegExp(`^${field} (?:has|have) \\d+ bytes\\b.*\\b10485760\\b`))
      assert.ok(error.limitBytes !== undefined && error.limitBytes > 10_000_000)
      assert.doesNotMatch(error.describe(), /-\d|log \d/)
      await clock.advance(3000)
      await after
      assert.deepEqual(service.values('id'), ['good'])
      await sink.close()
    })
  }

  it('whose topic leaves just enough room for its log is accepted', async () => {
    const { sink, service, clock } = sinkUnderTest()
    const logs = [{ time: 1, contents: { t: 'x' } }]
    const room = 10_485_760 - measureLog(logs[0] as LogInput) - 5
    const receipt = sink.write({ topic: 'x'.repeat(room), logs })
    const error = await failureOf(sink.write({ topic: 'x'.repeat(room + 1), logs }))
    assert.deepEqual([error.code, error.field], ['LogTooLarge', 'topic'])
    await clock.advance(3000)
    await receipt
    assert.equal(service.accepted[0]?.rawSize, 10_485_760)
    await sink.close()
  })

  const huge = { time: 1, contents: { text: 'x'.repeat(10_485_760) } }
  const alone = [...wrong, ['too much', huge, undefined] as const]
  for (const [what, log, field] of alone) {
    it(`of one log with ${what} is refused just so, and those before and after it are accepted`, async () => {
      const { sink, service, clock } = sinkUnderTest()
      const before = sink.write({ logs: [good] })
      const error = await failureOf(sink.write({ logs: [log] }))
      const after = sink.write({ logs: [good] })
      assert.deepEqual([error.code, error.field], [field === undefined ? 'LogTooLarge' : 'InvalidLog', field])
      assert.deepEqual([error.logIndex, error.logs, error.acceptedLogs], [0, 1, 0])
      assert.equal(sink.status().pendingWrites, 2)
      await clock.advance(3000)
      await Promise.all([before, after])
      assert.deepEqual(service.values('id'), ['good', 'good'])
      assert.equal(sink.status().memory.used, 0)
      await sink.close()
    })
  }

  it('whose log is another one when it is measured fails, and no flush waits for it', async () => {
    const { sink } = sinkUnderTest({ totalBytes: 5000, maxBlock: -1 })
    const text = 'x'.repeat(2500)
    const first = sink.write([{ time: 1, contents: { text } }])
    let reads = 0
    const contents = {
      get text() {
        return reads++ === 0 ? text : (undefined as unknown as string)
      }
    }
    const error = await failureOf(sink.write([{ time: 1, contents }]))
    assert.deepEqual([error.code, error.field], ['InvalidLog', 'text'])
    await Promise.all([first, sink.flush()])
    assert.deepEqual([sink.status().pendingWrites, sink.status().failedWrites], [0, 1])
    await sink.close()
  })

  it('with a log of exactly the largest size is accepted', async () => {
    const { sink, service, clock } = sinkUnderTest({ maxBytes: 10_485_760 })
    const text = 'x'.repeat(10_485_760 - 20)
    const receipt = sink.write({ logs: [{ time: 1, contents: { t: text } }] })
    await clock.advance(3000)
    assert.equal((await receipt).bytes, 10_485_760)
    assert.equal(service.accepted[0]?.rawSize, 10_485_760)
    await sink.close()
  })

  it('without a logstore is refused, naming it', async () => {
    const { sink } = sinkUnderTest({ logstore: '' })
    await assert.rejects(sink.write({ logs: [good] }), { code: 'InvalidOption', field: 'logstore' })
    await sink.close()
  })

  it('with a hash key that is none is refused, naming it', async () => {
    const { sink } = sinkUnderTest()
    await assert.rejects(sink.write({ hashKey: 'xyz', logs: [good] }), {
      code: 'InvalidOption',
      field: 'hashKey'
    })
    await sink.close()
  })

  it('with tags or a topic that are no text is refused, naming them', async () => {
    const { sink } = sinkUnderTest()
    const tags = [['a', 1]] as unknown as [string, string][]
    await assert.rejects(sink.write({ tags, logs: [good] }), { code: 'InvalidLog', field: 'tags' })
    const topic = 5 as unknown as string
    await assert.rejects(sink.write({ topic, logs: [good] }), { code: 'InvalidLog', field: 'topic' })
    await sink.close()
  })
})
