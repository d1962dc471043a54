import assert from 'node:assert/strict'
import type { SlsError } from '../../../engine/client/errors'
import type { RetryEvent, SinkEvents } from '../../../engine/sink/events'
import type { SlsSink } from '../../../engine/sink/sink'
import { type Answer, refusals, valuesOf } from './support/fake-service'
import { failureOf, log, logs, watch } from './support/logs'
import { sinkUnderTest } from './support/sink-under-test'

/** Refuses the first calls with these, then accepts. */
function refusing(...errors: (() => SlsError)[]): Answer {
  const left = [...errors]
  return () => left.shift()?.()
}

function recorded<Name extends keyof SinkEvents>(sink: SlsSink, name: Name): SinkEvents[Name][] {
  const events: SinkEvents[Name][] = []
  sink.on(name, (event) => events.push(event))
  return events
}

describe('Sending', () => {
  it('has no more requests in flight than it may', async () => {
    const { sink, service, clock } = sinkUnderTest({ concurrency: 3, maxLines: 1 })
    service.answer = () => new Promise((resolve) => clock.after(100, () => resolve(undefined)))
    const receipt = sink.write({ logs: logs(20) })
    await clock.advance(10_000)
    assert.equal((await receipt).logs, 20)
    assert.equal(service.mostInFlight, 3)
    await sink.close()
  })

  it('tells each observer once what became of its write, of a refusal at once', async () => {
    const { sink, service } = sinkUnderTest({ maxLines: 2 })
    const told: unknown[] = []
    const observer = (name: string) => ({
      accepted: ({ logs }: { logs: number }) => told.push([name, logs]),
      failed: (error: unknown) => told.push([name, (error as SlsError).code])
    })
    sink.submit({ logs: logs(2) }, observer('first'))
    await sink.flush()
    service.answer = refusing(refusals.invalid)
    sink.submit({ logs: logs(2) }, observer('second'))
    sink.submit({ logs: [] }, observer('empty'))
    sink.submit({ logs: [{ time: -1, contents: {} }] }, observer('wrong'))
    assert.deepEqual(told, [
      ['first', 2],
      ['empty', 0],
      ['wrong', 'InvalidLog']
    ])
    await sink.close()
    sink.submit({ logs: logs(1) }, observer('late'))
    assert.deepEqual(told.slice(3), [
      ['second', 'PostBodyInvalid'],
      ['late', 'Closed']
    ])
  })

  it('repeats a call after a network error or a busy service, with growing waits', async () => {
    const { sink, service, clock } = sinkUnderTest()
    service.answer = refusing(refusals.busy, refusals.network, refusals.busy, refusals.busy)
    const retries = recorded(sink, 'retry')
    const receipt = sink.write({ logs: [log(1)] })
    await clock.advance(60_000)
    assert.deepEqual(
      retries.map(({ error, attempt, delay, logs }: RetryEvent) => [error.code, attempt, delay, logs]),
      [
        ['ServerBusy', 1, 200, 1],
        ['NetworkError', 2, 200, 1],
        ['ServerBusy', 3, 400, 1],
        ['ServerBusy', 4, 800, 1]
      ]
    )
    assert.equal((await receipt).attempts, 5)
    await sink.close()
  })

  it('waits up to the bound, at random', async () => {
    let random = 0.25
    const { sink, service, clock } = sinkUnderTest({
      random: () => random,
      retry: { baseRetryBackoff: 1000, maxRetryBackoff: 3000 }
    })
    service.answer = refusing(refusals.busy, refusals.busy, refusals.busy, refusals.busy)
    const retries = recorded(sink, 'retry')
    const receipt = sink.write({ logs: [log(1)] })
    await clock.advance(3000 + 250)
    random = 0.5
    await clock.advance(60_000)
    await receipt
    assert.deepEqual(
      retries.map(({ delay }) => delay),
      [250, 500, 1500, 1500]
    )
    await sink.close()
  })

  it('gives up when the retries are used up, and tells how many there were', async () => {
    for (const [refusal, calls] of [
      [refusals.busy, 4],
      [refusals.wrongKey, 3],
      [refusals.invalid, 1]
    ] as const) {
      const { sink, service, clock } = sinkUnderTest({ retry: { maxRetries: 2, maxRetriesRetryable: 3 } })
      service.answer = () => refusal()
      const errors = recorded(sink, 'error')
      const write = failureOf(sink.write({ logs: logs(3) }))
      await clock.advance(60_000)
      const error = await write
      assert.deepEqual(
        [error.code, error.status, error.attempts, error.logs, error.acceptedLogs],
        [refusal().code, refusal().status, calls, 3, 0]
      )
      assert.equal(service.received.length, calls)
      assert.deepEqual(
        errors.map(({ logstore, logs: failed }) => [logstore, failed]),
        [['access', 3]]
      )
      assert.equal(sink.status().state, 'error')
      await sink.close()
    }
  })

  it('goes on trying for ever when told to', async () => {
    const { sink, service, clock } = sinkUnderTest({ retry: { maxRetriesRetryable: -1 } })
    service.answer = () => refusals.network()
    const receipt = sink.write({ logs: [log(1)] })
    await clock.advance(2 * 3_600_000)
    assert.ok(service.received.length > 1000)
    service.answer = () => undefined
    await clock.advance(5000)
    assert.equal((await receipt).logs, 1)
    await sink.close()
  })

  it('reaches a logstore that is created while it retries', async () => {
    const { sink, service, clock } = sinkUnderTest()
    service.answer = () => (clock.now() < 8000 ? refusals.noLogstore() : undefined)
    const recovered = recorded(sink, 'recovered')
    const receipt = sink.write({ logs: [log(1)] })
    await clock.advance(4000)
    assert.equal(sink.status().state, 'retrying')
    assert.equal(sink.status().lastError?.code, 'LogStoreNotExist')
    await clock.advance(20_000)
    assert.equal((await receipt).logs, 1)
    assert.deepEqual(
      recovered.map(({ logstore }) => logstore),
      ['access']
    )
    await sink.close()
  })

  it('gives a missing logstore a minute, in which it may be created, however few the retries', async () => {
    const { sink, service, clock } = sinkUnderTest({ retry: { maxRetries: 1 } })
    service.answer = () => refusals.noLogstore()
    const write = sink.write({ logs: [log(1)] })
    const watched = watch(write)
    await clock.advance(59_000)
    assert.equal(watched.state, 'pending')
    assert.equal(sink.status().lastError?.code, 'LogStoreNotExist')
    await clock.advance(10_000)
    assert.equal((await failureOf(write)).code, 'LogStoreNotExist')
    await sink.close()

    const strict = sinkUnderTest({ retry: { maxRetries: 0 } })
    strict.service.answer = () => refusals.noLogstore()
    const refused = failureOf(strict.sink.write({ logs: [log(1)] }))
    await strict.clock.advance(3000)
    assert.equal((await refused).attempts, 1)
    await strict.sink.close()
  })

  for (const [kind, refusal] of [
    ['an outage', refusals.network],
    ['a busy service', refusals.busy],
    ['a wrong key', refusals.wrongKey]
  ] as const) {
    it(`tries by age where told to, through ${kind}`, async () => {
      const hours = 6
      const { sink, service, clock } = sinkUnderTest({
        maxRetryAge: hours * 3_600_000,
        maxLines: 1,
        retry: { maxRetries: 0, maxRetriesRetryable: 0 }
      })
      service.answer = () => refusal()
      const old = [...'abc'].map((id) => failureOf(sink.write({ topic: id, logs: [log(id)] })))
      const watched = old.map(watch)
      await clock.advance(3_600_000)
      const young = sink.write({ topic: 'young', logs: [log('young')] })
      await clock.advance((hours - 1) * 3_600_000 - 10_000)
      assert.deepEqual(
        watched.map(({ state }) => state),
        ['pending', 'pending', 'pending']
      )
      await clock.advance(20_000)
      for (const error of await Promise.all(old)) assert.equal(error.code, refusal().code)
      assert.equal(sink.status().failed, 3)
      service.answer = () => undefined
      await clock.advance(10_000)
      assert.equal((await young).logs, 1)
      await sink.close()
    })
  }

  it('repeats a call that the service found mistimed', async () => {
    const { sink, service, clock } = sinkUnderTest()
    service.answer = refusing(refusals.clock)
    const receipt = sink.write({ logs: [log(1)] })
    await clock.advance(10_000)
    assert.equal((await receipt).attempts, 2)
    await sink.close()
  })

  it('tries one call at a time while nobody answers, whatever waits', async () => {
    const { sink, service, clock } = sinkUnderTest({
      maxLines: 1,
      concurrency: 4,
      retry: { maxRetriesRetryable: -1 }
    })
    service.answer = () => refusals.network()
    const receipt = sink.write({ logs: logs(500) })
    await clock.advance(60_000)
    assert.ok(service.received.length < 30, `${service.received.length} calls`)
    service.answer = () => new Promise((resolve) => clock.after(10, () => resolve(undefined)))
    await clock.advance(60_000)
    assert.equal((await receipt).logs, 500)
    await sink.close()
  })

  it('comes back from a throttled logstore with few calls at first', async () => {
    const { sink, service, clock } = sinkUnderTest({
      maxLines: 1,
      concurrency: 8,
      retry: { maxRetriesRetryable: -1 }
    })
    service.answer = () => refusals.projectQuota()
    const receipt = sink.write({ logs: logs(200) })
    await clock.advance(60_000)
    assert.ok(service.received.length < 40, `${service.received.length} calls`)
    assert.deepEqual(
      sink.status().slowed.map(({ logstore, limit }) => [logstore, limit]),
      [['access', 1]]
    )
    service.mostInFlight = 0
    service.answer = () => new Promise((resolve) => clock.after(10, () => resolve(undefined)))
    await clock.advance(5020)
    assert.ok(service.mostInFlight <= 2, `${service.mostInFlight} in flight`)
    await clock.advance(10_000)
    assert.equal((await receipt).logs, 200)
    assert.equal(service.mostInFlight, 8)
    assert.deepEqual(sink.status().slowed, [])
    await sink.close()
  })

  it('slows down every logstore where the quota of the project is used up', async () => {
    const { sink, service, clock } = sinkUnderTest({ maxLines: 1, concurrency: 4 })
    service.answer = () => refusals.projectQuota()
    const writes = ['one', 'two', 'three'].map((logstore) => sink.write({ logstore, logs: logs(20) }))
    await clock.advance(30_000)
    assert.ok(service.received.length < 20, `${service.received.length} calls`)
    service.answer = () => undefined
    await clock.advance(60_000)
    assert.equal((await Promise.all(writes)).length, 3)
    await sink.close()
  })

  it('settles at the rate that a throttled shard takes, tells it, and leaves other shards alone', async () => {
    const { sink, service, clock } = sinkUnderTest({
      maxLines: 1,
      concurrency: 8,
      retry: { maxRetriesRetryable: -1 }
    })
    const hashKey = '0'.repeat(32)
    const quota = 20
    const calls = new Map<number, number>()
    service.answer = async (put) => {
      await new Promise<void>((resolve) => clock.after(5, resolve))
      if (put.hashKey !== hashKey) return undefined
      const second = Math.floor(clock.now() / 1000)
      calls.set(second, (calls.get(second) ?? 0) + 1)
      return (calls.get(second) ?? 0) > quota ? refusals.shardQuota() : undefined
    }
    const hot = sink.write({ hashKey, logs: logs(1500) })
    await clock.advance(30_000)
    const [slow] = sink.status().slowed
    assert.deepEqual([slow?.logstore, slow?.hashKey], ['access', hashKey])
    assert.ok((slow?.bytesPerSecond ?? 0) > 0)
    const cold = sink.write({ hashKey: 'f'.repeat(32), logs: logs(100) })
    await clock.advance(1000)
    assert.equal((await cold).logs, 100)
    const [before, refusedBefore] = [service.accepted.length, service.received.length]
    await clock.advance(60_000)
    const accepted = service.accepted.length - before
    const refused = service.received.length - refusedBefore - accepted
    assert.ok(accepted > quota * 60 * 0.5, `${accepted} accepted in a minute`)
    assert.ok(refused < accepted / 10, `${refused} refused, ${accepted} accepted`)
    await clock.advance(120_000)
    assert.equal((await hot).logs, 1500)
    await sink.close()
  })

  it('sends a burst after a quiet time although its first call was refused for a quota', async () => {
    const { sink, service, clock } = sinkUnderTest({ concurrency: 2 })
    for (let second = 0; second < 10; second++) {
      const quiet = sink.write({ logs: logs(1) })
      await clock.advance(5000)
      await quiet
    }
    service.answer = refusing(refusals.projectQuota)
    const text = 'x'.repeat(1_000_000)
    const burst = watch(
      sink.write({ logs: Array.from({ length: 40 }, () => ({ time: 1_700_000_000, contents: { text } })) })
    )
    await clock.advance(60_000)
    assert.equal(burst.state, 'resolved')
    await sink.close()
  })

  it('slows down only the logstore that is throttled', async () => {
    const { sink, service, clock } = sinkUnderTest({ maxLines: 1, concurrency: 2 })
    service.answer = (put) => (put.logstore === 'hot' ? refusals.shardQuota() : undefined)
    const hot = watch(sink.write({ logstore: 'hot', logs: logs(50) }))
    const cold = sink.write({ logstore: 'cold', logs: logs(50) })
    await clock.advance(50)
    assert.equal((await cold).logs, 50)
    assert.equal(hot.state, 'pending')
    service.answer = () => undefined
    await clock.advance(10_000)
    assert.equal(hot.state, 'resolved')
    await sink.close()
  })

  it('slows down only the hash key whose shard is throttled', async () => {
    const { sink, service, clock } = sinkUnderTest({ maxLines: 1, concurrency: 2 })
    const hotKey = '0'.repeat(32)
    service.answer = (put) => (put.hashKey === hotKey ? refusals.shardQuota() : undefined)
    const hot = watch(sink.write({ hashKey: hotKey, logs: logs(20) }))
    const cold = sink.write({ hashKey: 'f'.repeat(32), logs: logs(20) })
    await clock.advance(50)
    assert.equal((await cold).logs, 20)
    service.answer = () => undefined
    await clock.advance(10_000)
    assert.equal(hot.state, 'resolved')
    await sink.close()
  })

  it('does not hold up others while a logstore does not exist', async () => {
    const { sink, service, clock } = sinkUnderTest({ maxLines: 1, concurrency: 1 })
    service.answer = (put) => (put.logstore === 'missing' ? refusals.noLogstore() : undefined)
    const missing = failureOf(sink.write({ logstore: 'missing', logs: logs(5) }))
    const there = sink.write({ logs: logs(5) })
    await clock.advance(1)
    assert.equal((await there).logs, 5)
    await clock.advance(90_000)
    assert.equal((await missing).code, 'LogStoreNotExist')
    await sink.close()
  })

  it('splits a batch that is too large for the service and loses nothing', async () => {
    const { sink, service, clock } = sinkUnderTest()
    service.answer = (put) => (put.logs.length > 7 ? refusals.tooLarge() : undefined)
    const writes = [
      sink.write({ topic: 't', logs: logs(50) }),
      sink.write({ topic: 't', logs: logs(50, 50) })
    ]
    await clock.advance(3000)
    const receipts = await Promise.all(writes)
    assert.deepEqual(
      receipts.map((receipt) => receipt.logs),
      [50, 50]
    )
    assert.deepEqual(
      service.values('id'),
      logs(100).map((_, index) => String(index))
    )
    for (const put of service.accepted) assert.equal(put.topic, 't')
    await sink.close()
  })

  it('fails only the log that is too large even by itself', async () => {
    const { sink, service, clock } = sinkUnderTest()
    service.answer = (put) => (valuesOf(put, 'id').includes('big') ? refusals.tooLarge() : undefined)
    const good = sink.write({ logs: logs(9) })
    const bad = failureOf(sink.write({ logs: [log('before'), log('big'), log('after')] }))
    await clock.advance(3000)
    assert.equal((await good).logs, 9)
    const error = await bad
    assert.deepEqual([error.code, error.logs, error.acceptedLogs], ['PostBodyTooLarge', 3, 2])
    assert.match(error.message, /2 of 3 logs were accepted/)
    await sink.close()
  })

  it('finds the write whose log the service refuses, the others are accepted', async () => {
    const { sink, service, clock } = sinkUnderTest({ compression: 'lz4' })
    service.answer = (put) => (valuesOf(put, 'id').includes('bad') ? refusals.invalid() : undefined)
    const good = Array.from({ length: 200 }, (_, index) => sink.write({ logs: [log(index)] }))
    const bad = failureOf(sink.write({ logs: [log('bad')] }))
    const after = sink.write({ logs: [log('after')] })
    await clock.advance(3000)
    await Promise.all([...good, after])
    const error = await bad
    assert.deepEqual([error.code, error.requestId], ['PostBodyInvalid', 'bad'])
    assert.ok(service.received.length <= 20, `${service.received.length} calls`)
    assert.deepEqual(service.values('id'), [...logs(200).map((_, index) => String(index)), 'after'])
    await sink.close()
  })

  it('ends the search when everything is refused', async () => {
    const { sink, service, clock } = sinkUnderTest()
    service.answer = () => refusals.invalid()
    const writes = Array.from({ length: 2000 }, (_, index) => failureOf(sink.write({ logs: [log(index)] })))
    await clock.advance(3000)
    for (const error of await Promise.all(writes)) assert.equal(error.code, 'PostBodyInvalid')
    assert.ok(service.received.length < 250, `${service.received.length} calls`)
    await sink.close()
  })

  it('settles a batch whose call breaks in a way nobody foresaw', async () => {
    const { sink, service, clock } = sinkUnderTest()
    service.answer = () => {
      throw new TypeError('a bug')
    }
    const write = failureOf(sink.write({ logs: [log(1)] }))
    await clock.advance(3000)
    const error = await write
    assert.deepEqual([error.code, error.message], ['Unexpected', 'a bug'])
    await sink.close()
  })
})
