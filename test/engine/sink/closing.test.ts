import assert from 'node:assert/strict'
import { refusals } from './support/fake-service'
import { failureOf, log, logs, watch } from './support/logs'
import { sinkUnderTest } from './support/sink-under-test'

describe('Flushing', () => {
  it('sends without waiting for the interval and ends when all written before is settled', async () => {
    const { sink, service, clock } = sinkUnderTest({ flushInterval: 3_600_000 })
    service.answer = () => new Promise((resolve) => clock.after(100, () => resolve(undefined)))
    const before = watch(sink.write({ topic: 'a', logs: logs(3) }))
    const flushed = watch(sink.flush())
    const after = watch(sink.write({ topic: 'b', logs: logs(3) }))
    await clock.advance(99)
    assert.deepEqual([before.state, flushed.state], ['pending', 'pending'])
    await clock.advance(1)
    assert.deepEqual([before.state, flushed.state, after.state], ['resolved', 'resolved', 'pending'])
    const closed = sink.close()
    await clock.advance(1000)
    await closed
    assert.equal(after.state, 'resolved')
  })

  it('ends also when writes failed', async () => {
    const { sink, service, clock } = sinkUnderTest()
    service.answer = () => refusals.invalid()
    const write = failureOf(sink.write({ logs: logs(3) }))
    const flushed = sink.flush()
    await clock.advance(0)
    await flushed
    assert.equal((await write).code, 'PostBodyInvalid')
    await sink.close()
  })

  it('ends at once when there is nothing', async () => {
    const { sink } = sinkUnderTest()
    await sink.flush()
    await Promise.all([sink.flush(), sink.flush()])
    await sink.close()
  })

  it('includes writes that wait for room', async () => {
    const { sink, service, clock } = sinkUnderTest({
      totalBytes: 3000,
      flushInterval: 3_600_000,
      maxBlock: -1
    })
    const writes = Array.from({ length: 20 }, (_, index) =>
      sink.write({ logs: [{ time: 1, contents: { id: String(index), text: 'x'.repeat(500) } }] })
    )
    const flushed = sink.flush()
    await clock.advance(1000)
    await Promise.all([flushed, ...writes])
    assert.equal(service.values('id').length, 20)
    await sink.close()
  })
})

describe('Closing', () => {
  it('sends what is buffered and takes nothing more', async () => {
    const { sink, clock } = sinkUnderTest({ flushInterval: 3_600_000 })
    const receipt = sink.write({ logs: logs(10) })
    const closed = sink.close(5000)
    const late = await failureOf(sink.write({ logs: [log('late')] }))
    assert.equal(late.code, 'Closed')
    await clock.advance(0)
    assert.deepEqual(await closed, { acceptedLogs: 10, spooledLogs: 0, failedLogs: 0, failedWrites: 0 })
    assert.equal((await receipt).logs, 10)
    assert.equal(sink.status().state, 'closed')
    assert.equal(clock.pendingTimers, 0)
  })

  it('tries until the deadline, then fails the rest, each write once', async () => {
    const { sink, service, clock } = sinkUnderTest({
      maxLines: 2,
      totalBytes: 10_000,
      maxBlock: -1,
      ordered: true,
      retry: { maxRetriesRetryable: -1 }
    })
    const first = sink.write({ topic: 'a', logs: logs(4) })
    await clock.advance(0)
    await first
    service.answer = () => refusals.network()
    const open = failureOf(sink.write({ topic: 'b', logs: logs(1) }))
    const sealed = failureOf(sink.write({ topic: 'a', logs: logs(7) }))
    const waiting = failureOf(
      sink.write({ topic: 'c', logs: [{ time: 1, contents: { text: 'x'.repeat(8000) } }] })
    )
    await clock.advance(100)
    const closed = sink.close(3000)
    const before = service.received.length
    await clock.advance(2999)
    assert.ok(service.received.length > before, 'it tries on')
    await clock.advance(1)
    assert.deepEqual(await closed, { acceptedLogs: 0, spooledLogs: 0, failedLogs: 9, failedWrites: 3 })
    for (const error of await Promise.all([open, sealed, waiting])) assert.equal(error.code, 'Closed')
    assert.equal(clock.pendingTimers, 0)
    const calls = service.received.length
    await clock.advance(60_000)
    assert.equal(service.received.length, calls)
  })

  it('does not wait for a call that never ends', async () => {
    const { sink, service, clock } = sinkUnderTest()
    service.answer = () => new Promise(() => undefined)
    const write = failureOf(sink.write({ logs: logs(3) }))
    const closed = sink.close(1000)
    await clock.advance(1000)
    assert.equal((await closed).failedLogs, 3)
    assert.equal((await write).code, 'Closed')
    await clock.advance(0)
    assert.equal(service.inFlight, 0)
  })

  it('counts what was accepted in time', async () => {
    const { sink, service, clock } = sinkUnderTest({ maxLines: 1, concurrency: 1 })
    service.answer = () => new Promise((resolve) => clock.after(100, () => resolve(undefined)))
    const write = failureOf(sink.write({ logs: logs(10) }))
    const closed = sink.close(450)
    await clock.advance(450)
    assert.deepEqual(await closed, { acceptedLogs: 4, spooledLogs: 0, failedLogs: 6, failedWrites: 1 })
    assert.equal((await write).acceptedLogs, 4)
  })

  it('gives the same report when asked again', async () => {
    const { sink } = sinkUnderTest()
    const report = sink.close()
    assert.equal(sink.close(), report)
    await report
  })
})
