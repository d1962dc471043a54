import assert from 'node:assert/strict'
import { runs } from '../../support/counts'
import { failureOf, log, logs, watch } from './support/logs'
import { sinkUnderTest } from './support/sink-under-test'

describe('Batching', () => {
  it('sends a batch when it has waited for the interval', async () => {
    const { sink, service, clock } = sinkUnderTest({ flushInterval: 3000 })
    const receipt = sink.write({ topic: 't', logs: [log(1)] })
    await clock.advance(1000)
    sink.write({ topic: 't', logs: [log(2)] }).catch(assert.fail)
    await clock.advance(1999)
    assert.equal(service.accepted.length, 0)
    await clock.advance(1)
    assert.deepEqual(service.values('id'), ['1', '2'])
    assert.deepEqual(await receipt, {
      logs: 1,
      spooled: 0,
      bytes: 17,
      requestIds: ['request-1'],
      logstore: 'access',
      attempts: 1
    })
    await sink.close()
  })

  it('sends a batch at once when it has enough lines', async () => {
    const { sink, service, clock } = sinkUnderTest({ maxLines: 10 })
    sink.write({ logs: logs(25) }).catch(assert.fail)
    await clock.advance(0)
    assert.deepEqual(
      service.accepted.map((put) => put.logs.length),
      [10, 10]
    )
    await clock.advance(3000)
    assert.equal(service.accepted.length, 3)
    await sink.close()
  })

  it('never lets a batch exceed its bytes, and sends it before the log that would', async () => {
    const { sink, service, clock } = sinkUnderTest({ maxBytes: 100 })
    await Promise.all([sink.write({ topic: 'topic', logs: logs(50, 100) }), clock.advance(3000)])
    assert.deepEqual(new Set(service.values('id')), new Set(logs(50).map((_, index) => String(100 + index))))
    for (const put of service.accepted) assert.ok(put.rawSize <= 100, `${put.rawSize} bytes`)
    assert.equal(service.accepted[0]?.logs.length, 4)
    await sink.close()
  })

  it('sends a log larger than a batch by itself', async () => {
    const { sink, service, clock } = sinkUnderTest({ maxBytes: 100 })
    const big = { time: 1, contents: { id: 'big', text: 'x'.repeat(500) } }
    sink.write({ logs: [log(1), big, log(2)] }).catch(assert.fail)
    await clock.advance(3000)
    assert.deepEqual(
      service.accepted.map((put) => put.logs.length),
      [1, 1, 1]
    )
    await sink.close()
  })

  it('keeps a batch for each logstore, topic, source, tags and hash bucket', async () => {
    const { sink, service, clock } = sinkUnderTest({ buckets: 2 })
    const hashKey = (digit: string) => digit.repeat(32)
    const places = [
      {},
      { tags: [['k', 'v']] as const },
      { logstore: 'other' },
      { topic: 'a|b', source: 'c' },
      { topic: 'a', source: 'b|c' },
      { hashKey: hashKey('1') },
      { hashKey: hashKey('f') }
    ]
    for (const [index, place] of places.entries())
      sink.write({ ...place, logs: [log(index)] }).catch(assert.fail)
    sink.write({ hashKey: hashKey('7'), logs: [log('same bucket')] }).catch(assert.fail)
    sink.write({ hashKey: '', logs: [log('no key')] }).catch(assert.fail)
    await clock.advance(3000)
    const seen = service.accepted.map(({ logstore, topic, source, tags, hashKey: key, logs: { length } }) => {
      return [logstore, topic, source, tags, key, length]
    })
    const zeros = '0'.repeat(32)
    assert.deepEqual(
      new Set(seen.map((put) => JSON.stringify(put))),
      new Set(
        [
          ['access', '', '', [], null, 2],
          ['other', '', '', [], null, 1],
          ['access', 'a|b', 'c', [], null, 1],
          ['access', 'a', 'b|c', [], null, 1],
          ['access', '', '', [['k', 'v']], null, 1],
          ['access', '', '', [], zeros, 2],
          ['access', '', '', [], `8${zeros.slice(1)}`, 1]
        ].map((put) => JSON.stringify(put))
      )
    )
    await sink.close()
  })

  it('sends hash keys as they are when it is not to adjust them', async () => {
    const { sink, service, clock } = sinkUnderTest({ adjustShardHash: false })
    sink.write({ hashKey: 'ABCDEF0123456789abcdef0123456789', logs: [log(1)] }).catch(assert.fail)
    await clock.advance(3000)
    assert.equal(service.accepted[0]?.hashKey, 'abcdef0123456789abcdef0123456789')
    await sink.close()
  })

  it('cuts a write of any size and resolves it when all of it is accepted', async () => {
    const { sink, service, clock } = sinkUnderTest({ maxLines: 2000 })
    const count = runs(20_000, 100_000)
    service.answer = () => (service.received.length > 3 ? new Promise(() => undefined) : undefined)
    const receipt = sink.write({ logs: logs(count) })
    const watched = watch(receipt)
    await clock.advance(3000)
    assert.equal(watched.state, 'pending')
    const closed = sink.close(0)
    await clock.advance(0)
    const error = await failureOf(receipt)
    assert.deepEqual([error.code, error.logs, error.acceptedLogs], ['Closed', count, 6000])
    await closed
  })

  it('counts every log of a large write in its receipt', async () => {
    const { sink, service, clock } = sinkUnderTest({ maxLines: 1000 })
    const receipt = sink.write({ logs: logs(4500) })
    await clock.advance(3000)
    const { logs: accepted, requestIds } = await receipt
    assert.equal(accepted, 4500)
    assert.equal(requestIds.length, 5)
    assert.equal(new Set(service.values('id')).size, 4500)
    await sink.close()
  })

  it('keeps nothing of keys that fall idle', async function () {
    this.timeout(runs(20_000, 300_000))
    const client = { putLogs: async () => ({ requestId: 'r' }) }
    const { sink, clock } = sinkUnderTest({ client, maxOpenBatches: 100, flushInterval: 1000 })
    const keys = runs(5000, 1_000_000)
    let most = 0
    for (let key = 0; key < keys; key++) {
      sink.write({ topic: `device ${key}`, logs: [log(key)] }).catch(assert.fail)
      if (key % 500 === 0) await clock.advance(10)
      if (key % 97 === 0) most = Math.max(most, sink.status().openBatches)
    }
    assert.equal(most, 100)
    await clock.advance(1000)
    const { openBatches, sealedBatches, memory, logs: accepted } = sink.status()
    assert.deepEqual([openBatches, sealedBatches, memory.used, accepted], [0, 0, 0, keys])
    assert.equal(clock.pendingTimers, 0)
    await sink.close()
  })

  it('settles a write of no logs at once', async () => {
    const { sink } = sinkUnderTest()
    assert.equal((await sink.write({ logs: [] })).logs, 0)
    await sink.close()
  })
})
