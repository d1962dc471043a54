import assert from 'node:assert/strict'
import { refusals } from './support/fake-service'
import { logs } from './support/logs'
import { sinkUnderTest } from './support/sink-under-test'

describe('Sink status', () => {
  it('follows the logs from the buffer to the service', async () => {
    const { sink, service, clock } = sinkUnderTest()
    assert.equal(sink.status().state, 'idle')
    service.answer = () => new Promise((resolve) => clock.after(40, () => resolve(undefined)))
    const receipt = sink.write({ logs: logs(10) })
    await clock.advance(1000)
    const buffered = sink.status()
    assert.deepEqual(
      [buffered.state, buffered.bufferedLogs, buffered.bufferedBytes, buffered.oldest, buffered.openBatches],
      ['sending', 10, 170, 1000, 1]
    )
    await clock.advance(2010)
    assert.equal(sink.status().inFlight, 1)
    await clock.advance(1000)
    await receipt
    const sent = sink.status()
    assert.deepEqual([sent.state, sent.bufferedLogs, sent.logs, sent.requests], ['idle', 0, 10, 1])
    assert.equal(sent.bytes, 170)
    assert.ok(sent.logsPerSecond > 2 && sent.logsPerSecond < 3)
    assert.ok(Math.abs(sent.latency.p50 - 40) <= 8 && sent.latency.max === 40)
    await clock.advance(20_000)
    assert.equal(sink.status().logsPerSecond, 0)
    assert.deepEqual(JSON.parse(JSON.stringify(sent)), sent)
    await sink.close()
  })

  it('names the error and when the next attempt is', async () => {
    const { sink, service, clock } = sinkUnderTest()
    service.answer = () => refusals.busy()
    const receipt = sink.write({ logs: logs(1) })
    await clock.advance(3050)
    const { state, lastError, retries } = sink.status()
    assert.deepEqual([state, retries], ['retrying', 1])
    assert.deepEqual(lastError, { code: 'ServerBusy', message: 'busy', logstore: 'access', retryIn: 150 })
    service.answer = () => undefined
    await clock.advance(1000)
    await receipt
    assert.equal(sink.status().state, 'idle')
    assert.equal(sink.status().lastError?.retryIn, undefined)
    await sink.close()
  })

  it('shows an error until something is accepted again', async () => {
    const { sink, service, clock } = sinkUnderTest()
    service.answer = () => refusals.invalid()
    const lost = sink.write({ logs: logs(2) }).catch(() => undefined)
    await clock.advance(3000)
    await lost
    const { state, failed, failedWrites } = sink.status()
    assert.deepEqual([state, failed, failedWrites], ['error', 2, 1])
    service.answer = () => undefined
    const receipt = sink.write({ logs: logs(1) })
    await clock.advance(3000)
    await receipt
    assert.equal(sink.status().state, 'idle')
    await sink.close()
  })

  it('remembers only so many logstores in trouble', async () => {
    const { sink, service, clock } = sinkUnderTest({ concurrency: 100 })
    service.answer = () => refusals.invalid()
    const lost = Array.from({ length: 3000 }, (_, index) =>
      sink.write({ logstore: `wrong-${index}`, logs: logs(1) }).catch(() => undefined)
    )
    await clock.advance(3000)
    await Promise.all(lost)
    assert.equal(sink.status().failedWrites, 3000)
    assert.equal(sink.status().slowed.length, 0)
    await sink.close()
  })

  it('is not harmed by a listener that throws or that writes', async () => {
    const { sink, service, clock } = sinkUnderTest()
    const warnings: string[] = []
    const { emitWarning } = process
    process.emitWarning = (warning: string | Error) => {
      warnings.push(String(warning))
    }
    const left = [refusals.busy(), refusals.busy()]
    service.answer = () => left.shift()
    const written: Promise<unknown>[] = []
    sink.on('retry', () => {
      throw new Error('the listener is broken')
    })
    const again = () => written.push(sink.write({ topic: 'again', logs: logs(1) }))
    sink.on('retry', again)
    const receipt = sink.write({ logs: logs(1) })
    await clock.advance(3500)
    sink.off('retry', again)
    await clock.advance(10_000)
    await Promise.all([receipt, ...written])
    assert.equal(written.length, 2)
    process.emitWarning = emitWarning
    assert.deepEqual(warnings, ['Error: the listener is broken', 'Error: the listener is broken'])
    await sink.close()
  })
})
