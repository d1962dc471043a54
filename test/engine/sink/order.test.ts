import assert from 'node:assert/strict'
import fc from 'fast-check'
import { runs } from '../../support/counts'
import { refusals, valuesOf } from './support/fake-service'
import { log, logs, watch } from './support/logs'
import { sinkUnderTest } from './support/sink-under-test'

describe('Ordered writing', () => {
  it('keeps one call in flight a key, and several for several keys', async () => {
    const { sink, service, clock } = sinkUnderTest({ ordered: true, maxLines: 1, concurrency: 8 })
    service.answer = () => new Promise((resolve) => clock.after(10, () => resolve(undefined)))
    const a = sink.write({ topic: 'a', logs: logs(10) })
    await clock.advance(200)
    assert.equal(service.mostInFlight, 1)
    const b = [sink.write({ topic: 'a', logs: logs(10, 10) }), sink.write({ topic: 'b', logs: logs(10) })]
    await clock.advance(200)
    assert.equal(service.mostInFlight, 2)
    await Promise.all([a, ...b])
    assert.deepEqual(
      service.accepted.filter((put) => put.topic === 'a').flatMap((put) => valuesOf(put, 'id')),
      logs(20).map((_, index) => String(index))
    )
    await sink.close()
  })

  it('holds back the key whose call is repeated, and no other', async () => {
    const { sink, service, clock } = sinkUnderTest({ ordered: true, maxLines: 1 })
    service.answer = (put) => (put.topic === 'a' && clock.now() < 1000 ? refusals.clock() : undefined)
    const a = watch(sink.write({ topic: 'a', logs: logs(3) }))
    const b = watch(sink.write({ topic: 'b', logs: logs(3) }))
    await clock.advance(10)
    assert.deepEqual([a.state, b.state], ['pending', 'resolved'])
    await clock.advance(10_000)
    assert.equal(a.state, 'resolved')
    assert.deepEqual(
      service.accepted.map((put) => `${put.topic}${valuesOf(put, 'id').join()}`),
      ['b0', 'b1', 'b2', 'a0', 'a1', 'a2']
    )
    await sink.close()
  })

  it('keeps the logs of a hash key in order across topics', async () => {
    const { sink, service, clock } = sinkUnderTest({ ordered: true })
    const hashKey = 'a'.repeat(32)
    for (let index = 0; index < 6; index++) {
      sink.write({ hashKey, topic: `topic ${index % 2}`, logs: [log(index)] }).catch(assert.fail)
    }
    await clock.advance(10_000)
    assert.deepEqual(service.values('id'), ['0', '1', '2', '3', '4', '5'])
    await sink.close()
  })

  it('keeps the order of a batch that had to be split', async () => {
    const { sink, service, clock } = sinkUnderTest({ ordered: true, maxLines: 20 })
    service.answer = (put) => (put.logs.length > 3 ? refusals.tooLarge() : undefined)
    const receipt = sink.write({ logs: logs(50) })
    await clock.advance(10_000)
    await receipt
    assert.deepEqual(
      service.values('id'),
      logs(50).map((_, index) => String(index))
    )
    await sink.close()
  })

  it('keeps the order of a key when batches of it are dropped before their turn', async () => {
    const { sink, service, clock } = sinkUnderTest({
      ordered: true,
      maxLines: 1,
      concurrency: 4,
      totalBytes: 8000,
      overflow: 'dropOldest'
    })
    service.answer = (put) =>
      valuesOf(put, 'id')[0] === '0' && clock.now() < 3000
        ? new Promise((resolve) => clock.after(3000, () => resolve(refusals.network())))
        : undefined
    const writes = [watch(sink.write({ logs: [log(0)] }))]
    await clock.advance(10)
    for (let id = 1; id < 20; id++) writes.push(watch(sink.write({ logs: [log(id)] })))
    await clock.advance(100)
    assert.deepEqual(service.values('id'), [], 'all of them wait for the first')
    await clock.advance(20_000)
    const kept = writes.flatMap(({ state }, id) => (state === 'resolved' ? [String(id)] : []))
    assert.equal(sink.status().dropped, 20 - kept.length)
    assert.ok(kept.length > 2 && kept.length < 15, `${kept.length} kept`)
    assert.deepEqual(service.values('id'), kept)
    await sink.close()
  })

  it('goes on with a key after a batch of it failed for good', async () => {
    const { sink, service, clock } = sinkUnderTest({ ordered: true, maxLines: 1 })
    service.answer = (put) => (valuesOf(put, 'id')[0] === '1' ? refusals.invalid() : undefined)
    const writes = [0, 1, 2].map((index) => watch(sink.write({ logs: [log(index)] })))
    await clock.advance(10_000)
    assert.deepEqual(
      writes.map(({ state }) => state),
      ['resolved', 'rejected', 'resolved']
    )
    await sink.close()
  })

  it('keeps every key in order whatever fails', async function () {
    this.timeout(runs(20_000, 600_000))
    const failure = fc.constantFrom('ok', 'ok', 'busy', 'network', 'clock', 'tooLarge', 'shardQuota')
    const write = fc.record({
      key: fc.integer({ min: 0, max: 3 }),
      topic: fc.constantFrom('', 'x', 'y'),
      logs: fc.integer({ min: 1, max: 4 }),
      pause: fc.constantFrom(0, 0, 1, 40, 200)
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(write, { maxLength: 25 }),
        fc.array(failure, { maxLength: 25 }),
        async (writes, answers) => {
          const { sink, service, clock } = sinkUnderTest({
            ordered: true,
            maxLines: 3,
            buckets: 2,
            flushInterval: 50,
            // However often the service happens to answer the same.
            retry: { maxRetries: -1, maxRetriesRetryable: -1 },
            random: () => 0.5
          })
          const left = [...answers]
          service.answer = async (put) => {
            await new Promise<void>((resolve) => clock.after(put.logs.length * 7, resolve))
            const next = left.shift() ?? 'ok'
            return next === 'ok' || (next === 'tooLarge' && put.logs.length === 1)
              ? undefined
              : refusals[next]()
          }
          const receipts: Promise<unknown>[] = []
          const written = new Map<string, string[]>()
          for (const [index, { key, topic, logs: count, pause }] of writes.entries()) {
            const ids = Array.from({ length: count }, (_, place) => `${key}/${index}/${place}`)
            written.set(String(key), [...(written.get(String(key)) ?? []), ...ids])
            const hashKey = key === 0 ? '' : String(key * 3).padStart(32, '0')
            receipts.push(sink.write({ hashKey, topic: key === 0 ? '' : topic, logs: ids.map(log) }))
            await clock.advance(pause)
          }
          await Promise.all([clock.advance(600_000), ...receipts])
          const arrived = new Map<string, string[]>()
          for (const id of service.values('id')) {
            const key = id.split('/')[0] ?? ''
            arrived.set(key, [...(arrived.get(key) ?? []), id])
          }
          assert.deepEqual(arrived, written)
          await sink.close()
        }
      ),
      { numRuns: runs(60, 3000) }
    )
  })
})
