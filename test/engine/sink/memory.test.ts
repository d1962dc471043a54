import assert from 'node:assert/strict'
import type { LogInput } from '../../../engine/client/codec/log-input'
import { WriteError } from '../../../engine/sink/write-error'
import { runs } from '../../support/counts'
import { refusals } from './support/fake-service'
import { failureOf, log, logs, watch } from './support/logs'
import { sinkUnderTest } from './support/sink-under-test'

const KILOBYTES = 20_000
const MEBIBYTES = 1024 * 1024

/** A log of about a thousand bytes. */
const bulky = (id: number) => ({ time: 1, contents: { id: String(id), text: 'x'.repeat(980) } })

describe('A full buffer', () => {
  it('never holds more than its bytes, whatever is written', async () => {
    const { sink, service, clock } = sinkUnderTest({ totalBytes: KILOBYTES, maxBlock: -1, maxLines: 5 })
    service.answer = () => new Promise((resolve) => clock.after(100, () => resolve(undefined)))
    const writes = Array.from({ length: 200 }, (_, index) =>
      sink.write({ topic: `${index % 7}`, logs: [bulky(index)] })
    )
    await Promise.all([clock.advance(60_000), ...writes])
    const { memory } = sink.status()
    assert.ok(memory.peak <= KILOBYTES, `${memory.peak} bytes`)
    assert.ok(memory.peak > KILOBYTES * 0.8)
    assert.equal(memory.used, 0)
    await sink.close()
  })

  it('makes a write wait, and lets it in when there is room', async () => {
    const { sink, service, clock } = sinkUnderTest({ totalBytes: KILOBYTES, maxBlock: 10_000 })
    service.answer = () => refusals.busy()
    const first = watch(sink.write({ logs: Array.from({ length: 15 }, (_, index) => bulky(index)) }))
    const second = watch(sink.write({ logs: Array.from({ length: 10 }, (_, index) => bulky(100 + index)) }))
    await clock.advance(3000)
    const { state, waitingWrites, waitingLogs, bufferedLogs } = sink.status()
    assert.deepEqual([state, waitingWrites, waitingLogs, bufferedLogs], ['retrying', 1, 10, 15])
    service.answer = () => undefined
    await clock.advance(10_000)
    assert.deepEqual([first.state, second.state], ['resolved', 'resolved'])
    await sink.close()
  })

  it('refuses a write that waited too long, whole', async () => {
    const { sink, service, clock } = sinkUnderTest({
      totalBytes: KILOBYTES,
      maxBlock: 5000,
      retry: { maxRetriesRetryable: -1 }
    })
    service.answer = () => refusals.busy()
    const first = watch(sink.write({ logs: Array.from({ length: 15 }, (_, index) => bulky(index)) }))
    const write = failureOf(sink.write({ logs: Array.from({ length: 10 }, (_, index) => bulky(index)) }))
    await clock.advance(4999)
    assert.equal(sink.status().waitingWrites, 1)
    await clock.advance(1)
    const error = await write
    assert.deepEqual([error.code, error.logs, error.acceptedLogs], ['BufferFull', 10, 0])
    assert.equal(first.state, 'pending')
    service.answer = () => undefined
    await clock.advance(10_000)
    assert.equal(service.values('id').length, 15)
    await sink.close()
  })

  it('lets writes in by the order they came, small ones do not overtake', async () => {
    const { sink, service, clock } = sinkUnderTest({ totalBytes: KILOBYTES, maxBlock: -1, concurrency: 1 })
    service.answer = () => new Promise((resolve) => clock.after(1000, () => resolve(undefined)))
    const sizes = [15, 12, 1, 10, 1, 1]
    const order: number[] = []
    const writes = sizes.map((size, index) =>
      sink
        .write({ topic: `${index}`, logs: Array.from({ length: size }, () => bulky(index)) })
        .then(() => order.push(index))
    )
    await clock.advance(60_000)
    await Promise.all(writes)
    assert.deepEqual(order, [0, 1, 2, 3, 4, 5])
    await sink.close()
  })

  it('does not hold batches open while somebody waits', async () => {
    const { sink, clock } = sinkUnderTest({ totalBytes: KILOBYTES, maxBlock: 5000, flushInterval: 3_600_000 })
    const writes = Array.from({ length: 10 }, (_, index) =>
      sink.write({ topic: `${index % 3}`, logs: Array.from({ length: 5 }, () => bulky(index)) })
    )
    const watched = writes.map(watch)
    await clock.advance(1000)
    const resolved = watched.filter(({ state }) => state === 'resolved').length
    assert.ok(resolved >= 7, `${resolved} writes`)
    assert.equal(sink.status().waitingWrites, 0)
    await Promise.all([sink.close(), ...writes])
  })

  it('takes a write larger than itself in parts', async () => {
    const { sink, service, clock } = sinkUnderTest({ totalBytes: KILOBYTES, maxBlock: 1000 })
    service.answer = () => new Promise((resolve) => clock.after(900, () => resolve(undefined)))
    const count = runs(100, 1000)
    const receipt = sink.write({ logs: Array.from({ length: count }, (_, index) => bulky(index)) })
    const next = sink.write({ logs: [bulky(count)] })
    await Promise.all([clock.advance(600_000), next.catch(() => undefined)])
    assert.equal((await receipt).logs, count)
    assert.equal(new Set(service.values('id')).size, count)
    assert.ok(sink.status().memory.peak <= KILOBYTES)
    assert.equal((await failureOf(next)).code, 'BufferFull')
    await sink.close()
  })

  it('tells how much of such a write was accepted when the rest finds no room', async () => {
    const { sink, service, clock } = sinkUnderTest({
      totalBytes: KILOBYTES,
      maxBlock: 1000,
      retry: { maxRetriesRetryable: -1 }
    })
    service.answer = () => (service.accepted.length < 2 ? undefined : refusals.busy())
    const write = failureOf(sink.write({ logs: Array.from({ length: 100 }, (_, index) => bulky(index)) }))
    await clock.advance(10_000)
    service.answer = () => undefined
    await clock.advance(10_000)
    const error = await write
    assert.deepEqual(
      [error.code, error.logs, error.acceptedLogs],
      ['BufferFull', 100, service.values('id').length]
    )
    assert.ok(error.acceptedLogs > 30 && error.acceptedLogs < 60)
    await sink.close()
  })

  it('refuses at once when it is not to wait', async () => {
    for (const options of [{ maxBlock: 0 }, { overflow: 'reject' }] as const) {
      const { sink, clock } = sinkUnderTest({ totalBytes: KILOBYTES, ...options })
      const first = sink.write({ logs: Array.from({ length: 15 }, (_, index) => bulky(index)) })
      const error = await failureOf(
        sink.write({ logs: Array.from({ length: 10 }, (_, index) => bulky(index)) })
      )
      assert.deepEqual([error.code, error.acceptedLogs], ['BufferFull', 0])
      const larger = await failureOf(
        sink.write({ logs: Array.from({ length: 100 }, (_, index) => bulky(index)) })
      )
      assert.equal(larger.code, 'BufferFull')
      await clock.advance(3000)
      assert.equal((await first).logs, 15)
      await sink.close()
    }
  })

  it('refuses a log that is larger than itself at once', async () => {
    for (const overflow of ['wait', 'reject', 'dropOldest'] as const) {
      const { sink } = sinkUnderTest({ totalBytes: 2000, overflow })
      const huge = { time: 1, contents: { text: 'x'.repeat(2000) } }
      const error = await failureOf(sink.write({ logs: [log(1), huge] }))
      assert.deepEqual([error.code, error.hint], ['BufferFull', 'Raise totalBytes'])
      await sink.close()
    }
  })

  it('encodes no more of a write than it has room for', async () => {
    const { sink } = sinkUnderTest({ totalBytes: 2 * MEBIBYTES, maxBytes: MEBIBYTES, overflow: 'reject' })
    const text = 'x'.repeat(MEBIBYTES / 2)
    const before = process.memoryUsage().arrayBuffers
    const write = failureOf(sink.write(Array.from({ length: 100 }, () => ({ time: 1, contents: { text } }))))
    const taken = process.memoryUsage().arrayBuffers - before
    assert.equal((await write).code, 'BufferFull')
    assert.ok(taken < 16 * MEBIBYTES, `${taken} bytes for a buffer of two mebibytes`)
    await sink.close()
  })

  it('keeps no memory of writes that it takes back', async () => {
    for (const flawed of [true, false]) {
      const { sink } = sinkUnderTest(flawed ? {} : { totalBytes: 2 * MEBIBYTES, overflow: 'reject' })
      const topics = Array.from({ length: 50 }, (_, index) => `topic ${index}`)
      for (const topic of topics) sink.write({ topic, logs: [log(1)] }).catch(() => undefined)
      const long: LogInput = { time: 1, contents: { text: 'x'.repeat(100_000) } }
      const many = Array.from({ length: 40 }, () => long)
      if (flawed) many.push({ time: 1, contents: { text: 1 } } as unknown as LogInput)
      const before = process.memoryUsage().arrayBuffers
      const failures = topics.map((topic) => failureOf(sink.write({ topic, logs: many })))
      const taken = process.memoryUsage().arrayBuffers - before
      assert.ok(taken < 30 * MEBIBYTES, `${taken} bytes`)
      const code = flawed ? 'InvalidLog' : 'BufferFull'
      for (const failure of failures) assert.equal((await failure).code, code)
      assert.equal(sink.status().openBatches, topics.length)
      await sink.close(0)
    }
  })

  it('drops the oldest when it is to, and says so to everybody', async () => {
    const { sink, service, clock } = sinkUnderTest({
      totalBytes: KILOBYTES,
      overflow: 'dropOldest',
      maxLines: 5,
      concurrency: 1,
      retry: { maxRetriesRetryable: -1 }
    })
    service.answer = () => refusals.network()
    const dropped: number[] = []
    sink.on('dropped', ({ logs: count }) => dropped.push(count))
    const codes: Promise<string>[] = []
    for (let index = 0; index < 60; index++) {
      const code = (error: unknown) => (error instanceof WriteError ? error.code : 'unknown')
      codes.push(sink.write({ logs: [bulky(index)] }).then(() => 'accepted', code))
      await clock.advance(100)
    }
    service.answer = () => undefined
    await clock.advance(20_000)
    const outcomes = await Promise.all(codes)
    const lost = outcomes.filter((code) => code === 'Dropped').length
    assert.ok(lost > 30 && lost < 60, `${lost} lost`)
    assert.deepEqual(outcomes, [...Array(lost).fill('Dropped'), ...Array(60 - lost).fill('accepted')])
    assert.equal(sink.status().dropped, lost)
    assert.equal(
      dropped.reduce((sum, count) => sum + count, 0),
      lost
    )
    assert.equal(service.values('id').length, 60 - lost)
    await sink.close()
  })

  it('never drops what is on the wire, and then refuses the new write', async () => {
    const { sink, service, clock } = sinkUnderTest({ totalBytes: KILOBYTES, overflow: 'dropOldest' })
    service.answer = () => new Promise((resolve) => clock.after(1000, () => resolve(undefined)))
    const first = watch(sink.write({ logs: Array.from({ length: 18 }, (_, index) => bulky(index)) }))
    await clock.advance(10)
    assert.equal(sink.status().inFlight, 1)
    const error = await failureOf(sink.write({ logs: [bulky(100), bulky(101)] }))
    assert.equal(error.code, 'BufferFull')
    await clock.advance(3000)
    assert.equal(first.state, 'resolved')
    assert.equal(sink.status().dropped, 0)
    await sink.close()
  })

  it('drops nothing when that would not make room enough', async () => {
    const { sink, service, clock } = sinkUnderTest({
      totalBytes: KILOBYTES,
      overflow: 'dropOldest',
      concurrency: 1
    })
    service.answer = () => new Promise((resolve) => clock.after(60_000, () => resolve(undefined)))
    const flying = watch(sink.write({ logs: Array.from({ length: 10 }, (_, index) => bulky(index)) }))
    const flushed = sink.flush()
    await clock.advance(10)
    const idle = watch(sink.write({ topic: 'idle', logs: [bulky(1)] }))
    const error = await failureOf(
      sink.write({ topic: 'new', logs: Array.from({ length: 8 }, (_, index) => bulky(index)) })
    )
    assert.equal(error.code, 'BufferFull')
    await clock.advance(200_000)
    await flushed
    assert.deepEqual([flying.state, idle.state, sink.status().dropped], ['resolved', 'resolved', 0])
    await sink.close()
  })

  it('tells when it fills and when it has drained', async () => {
    const { sink, clock } = sinkUnderTest({ totalBytes: KILOBYTES, flushInterval: 60_000 })
    const marks: string[] = []
    sink.on('highWater', ({ used, limit }) => marks.push(`high ${used > 0.8 * limit}`))
    sink.on('lowWater', ({ used, limit }) => marks.push(`low ${used <= 0.5 * limit}`))
    const receipts = [
      sink.write({ logs: Array.from({ length: 10 }, (_, index) => bulky(index)) }),
      sink.write({ logs: Array.from({ length: 6 }, (_, index) => bulky(index)) })
    ]
    await clock.advance(0)
    await Promise.all(receipts)
    assert.deepEqual(marks, ['high true', 'low true'])
    await sink.close()
  })

  it('counts Chinese text by its bytes', async () => {
    const { sink, service, clock } = sinkUnderTest({ maxBytes: 3000 })
    const receipt = sink.write({
      logs: Array.from({ length: 20 }, () => ({ time: 1, contents: { 字段: '日志'.repeat(100) } }))
    })
    await clock.advance(3000)
    assert.ok((await receipt).bytes > 20 * 600)
    for (const put of service.accepted) assert.ok(put.rawSize <= 3000)
    assert.equal(service.accepted.flatMap((put) => put.logs).length, 20)
    await sink.close()
  })

  it('is not filled by logs that wait nowhere', async () => {
    const { sink, clock } = sinkUnderTest({ totalBytes: KILOBYTES, overflow: 'reject', maxLines: 1 })
    for (let round = 0; round < 50; round++) {
      const receipt = sink.write({ logs: logs(5) })
      await clock.advance(0)
      await receipt
    }
    assert.equal(sink.status().memory.used, 0)
    await sink.close()
  })
})
