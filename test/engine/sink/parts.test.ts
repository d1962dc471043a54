import assert from 'node:assert/strict'
import { defaultRetryPolicy } from '../../../engine/client/retry'
import { BackoffGate } from '../../../engine/sink/backoff-gate'
import { Batch } from '../../../engine/sink/batch'
import type { BatchFrame } from '../../../engine/sink/batch-key'
import { ConcurrencyLimit } from '../../../engine/sink/concurrency-limit'
import { DispatchQueue } from '../../../engine/sink/dispatch-queue'
import { SinkEmitter } from '../../../engine/sink/events'
import { FairQueue } from '../../../engine/sink/fair-queue'
import { Health } from '../../../engine/sink/health'
import { LatencyHistogram } from '../../../engine/sink/latency-histogram'
import { MemoryBudget } from '../../../engine/sink/memory-budget'
import { OrderBook } from '../../../engine/sink/order-book'
import { RateMeter } from '../../../engine/sink/rate-meter'
import { type Receipt, WriteLedger, type WriteObserver } from '../../../engine/sink/write-ledger'
import type { StoredRecord } from '../../../engine/state/spool/spool-reader'
import { settle } from './support/fake-clock'
import { refusals } from './support/fake-service'
import { watch } from './support/logs'

const frameOf = (logstore: string, hashKey?: string): BatchFrame => ({
  logstore,
  topic: '',
  source: '',
  tags: [],
  hashKey
})

function batch(name: string, state: Batch['state'] = 'queued', hashKey?: string): Batch {
  const made = new Batch(frameOf(name, hashKey), name, 0)
  made.state = state
  return made
}

describe('Back-off gate', () => {
  const gate = () => new BackoffGate(defaultRetryPolicy, () => 1)

  it('closes after a failure, lets one call try, and opens after its success', () => {
    const one = gate()
    const [probe, other] = [{}, {}]
    assert.equal(one.fail(0, 10), 200)
    assert.equal(one.waitAt(110), 100)
    assert.equal(one.waitAt(210), 0)
    one.begin(probe)
    assert.equal(one.waitAt(210), Number.POSITIVE_INFINITY)
    one.end(other)
    assert.equal(one.waitAt(210), Number.POSITIVE_INFINITY)
    one.end(probe)
    one.succeed(210)
    assert.equal(one.waitAt(220), 0)
    assert.equal(one.isOpen, true)
  })

  it('counts calls that failed together once', () => {
    const one = gate()
    assert.equal(one.fail(0, 10), 200)
    assert.equal(one.fail(5, 20), 190)
    assert.equal(one.fail(300, 310), 400)
  })

  it('is not opened by a call that was started before the failure', () => {
    const one = gate()
    one.fail(0, 100)
    one.succeed(50)
    assert.equal(one.isOpen, false)
  })
})

describe('Concurrency limit', () => {
  it('is halved once for calls throttled together, and never below one', () => {
    const limit = new ConcurrencyLimit(16, true)
    limit.throttled(0, 10)
    limit.throttled(5, 11)
    assert.equal(limit.current, 8)
    for (let now = 20; now < 200; now += 10) limit.throttled(now, now + 5)
    assert.equal(limit.current, 1)
  })

  it('grows by about one for each round of calls that all succeed, up to the most', () => {
    const limit = new ConcurrencyLimit(8, true)
    for (let now = 0; now < 100; now += 10) limit.throttled(now, now + 5)
    const grown: number[] = []
    for (let round = 0; round < 10; round++) {
      for (let call = limit.current; call > 0; call--) limit.succeeded(1000, 1010, true)
      grown.push(limit.current)
    }
    assert.deepEqual(grown.slice(0, 3), [2, 2, 3])
    assert.equal(limit.current, 8)
  })

  it('does not grow while it is not used up', () => {
    const limit = new ConcurrencyLimit(8, true)
    limit.throttled(0, 5)
    for (let call = 0; call < 100; call++) limit.succeeded(1000, 1010, false)
    assert.equal(limit.current, 4)
  })

  it('falls when calls take much longer than they used to', () => {
    const limit = new ConcurrencyLimit(8, true)
    for (let call = 0; call < 50; call++) limit.succeeded(call, call + 20, true)
    assert.equal(limit.current, 8)
    limit.succeeded(1000, 1200, true)
    assert.equal(limit.current, 7)
    limit.succeeded(1001, 1201, true)
    assert.equal(limit.current, 7)
  })

  it('stays where it is when it is not to adapt', () => {
    const limit = new ConcurrencyLimit(8, false)
    limit.throttled(0, 5)
    assert.equal(limit.current, 8)
  })
})

describe('Dispatch queue', () => {
  const free = { logstore: () => 0, route: () => 0 }
  const names = (queue: DispatchQueue, waits = free) => {
    const taken: string[] = []
    for (let next = queue.take(waits); typeof next !== 'number'; next = queue.take(waits))
      taken.push(next.key)
    return taken
  }

  it('serves logstores in turn, and a lane first in first out', () => {
    const queue = new DispatchQueue()
    for (const [key, logstore] of [
      ['a1', 'a'],
      ['a2', 'a'],
      ['a3', 'a'],
      ['b1', 'b']
    ] as const) {
      const made = new Batch(frameOf(logstore), key, 0)
      made.state = 'queued'
      queue.push(made)
    }
    assert.deepEqual(names(queue), ['a1', 'b1', 'a2', 'a3'])
  })

  it('takes a batch that comes back before the others of its lane', () => {
    const queue = new DispatchQueue()
    queue.push(batch('a'))
    const back = new Batch(frameOf('a'), 'back', 0)
    back.state = 'queued'
    queue.pushFront(back)
    assert.deepEqual(names(queue), ['back', 'a'])
  })

  it('passes over what must wait, and tells for how long', () => {
    const queue = new DispatchQueue()
    queue.push(batch('slow'))
    queue.push(batch('fast', 'queued', '0'))
    queue.push(batch('fast', 'queued', '1'))
    const waits = {
      logstore: (logstore: string) => (logstore === 'slow' ? 500 : 0),
      route: (frame: BatchFrame) => (frame.hashKey === '0' ? 70 : 0)
    }
    const next = queue.take(waits)
    assert.ok(typeof next !== 'number' && next.frame.hashKey === '1')
    assert.equal(queue.take(waits), 70)
    assert.equal(new DispatchQueue().take(free), Number.POSITIVE_INFINITY)
  })

  it('forgets batches that were settled meanwhile', () => {
    const queue = new DispatchQueue()
    const gone = batch('a')
    queue.push(gone)
    gone.state = 'settled'
    queue.prune(gone.frame)
    assert.deepEqual(names(queue), [])
  })
})

describe('Fair queue', () => {
  const free = { logstore: () => 0, route: () => 0 }

  it('gives logs from disk and fresh ones the same share of the bytes', () => {
    const queue = new FairQueue()
    const fromDisk = () => Object.assign(batch('stored'), { stored: { offset: 0 } as StoredRecord })
    for (let index = 0; index < 6; index++) queue.push(batch('fresh'))
    for (let index = 0; index < 3; index++) queue.push(fromDisk())
    const taken: string[] = []
    for (let next = queue.take(free); typeof next !== 'number'; next = queue.take(free)) {
      const isStored = next.stored !== undefined
      queue.sent(next, isStored ? 200 : 100)
      taken.push(isStored ? 'disk' : 'fresh')
    }
    assert.deepEqual(taken, ['fresh', 'disk', 'fresh', 'fresh', 'disk', 'fresh', 'fresh', 'disk', 'fresh'])
  })
})

describe('Health', () => {
  it('tells of recoveries, and remembers only so many logstores in trouble', async () => {
    const emitter = new SinkEmitter()
    const recovered: string[] = []
    emitter.on('recovered', ({ logstore, after }) => recovered.push(`${logstore} after ${after}`))
    const health = new Health(emitter)
    for (let index = 0; index <= 100; index++)
      health.failed({ error: refusals.invalid(), logstore: `store ${index}`, logs: 1 }, index)
    for (const index of [0, 1, 100]) health.succeeded(`store ${index}`, 1000)
    await settle()
    assert.deepEqual(recovered, ['store 1 after 999', 'store 100 after 900'])
    assert.equal(health.isFailing, true)
    for (let index = 0; index <= 100; index++) health.succeeded(`store ${index}`, 1000)
    assert.equal(health.isFailing, false)
  })
})

describe('Order book', () => {
  it('makes a batch wait for those with earlier logs of its keys', () => {
    const book = new OrderBook()
    const [first, second, third] = [batch('1', 'open'), batch('2', 'open'), batch('3', 'open')]
    book.follow('k', first)
    assert.equal(book.openBefore('k', second), first)
    first.state = 'blocked'
    assert.equal(book.openBefore('k', second), undefined)
    book.follow('k', second)
    book.follow('other', third)
    second.state = 'blocked'
    third.state = 'blocked'
    assert.deepEqual([...second.predecessors], [first])
    assert.deepEqual([...third.predecessors], [])
    for (const [settled, freed] of [
      [first, [second]],
      [second, []],
      [third, []]
    ] as const) {
      settled.state = 'settled'
      assert.deepEqual(book.release(settled), freed)
    }
    assert.equal(book.size, 0)
  })

  it('keeps nothing of a batch that was given up before its turn, once no other needs it', () => {
    const book = new OrderBook()
    const [first, second, third] = [batch('1', 'blocked'), batch('2', 'blocked'), batch('3', 'blocked')]
    book.follow('k', first)
    book.follow('k', second)
    second.state = 'settled'
    assert.deepEqual(book.release(second), [])
    book.follow('k', third)
    assert.deepEqual([...third.predecessors], [first])
    assert.deepEqual([...first.successors], [third])
    third.state = 'settled'
    assert.deepEqual(book.release(third), [])
    first.state = 'settled'
    assert.deepEqual(book.release(first), [])
    assert.equal(book.size, 0)
  })
})

describe('Latency histogram', () => {
  it('tells quantiles within a fifth', () => {
    const histogram = new LatencyHistogram()
    assert.deepEqual(histogram.quantiles(), { p50: 0, p95: 0, max: 0 })
    for (let value = 1; value <= 1000; value++) histogram.add(value)
    const { p50, p95, max } = histogram.quantiles()
    assert.ok(p50 >= 500 && p50 <= 600, `p50 ${p50}`)
    assert.ok(p95 >= 950 && p95 <= 1000, `p95 ${p95}`)
    assert.equal(max, 1000)
  })

  it('lets old values fade', () => {
    const histogram = new LatencyHistogram()
    for (let call = 0; call < 20_000; call++) histogram.add(1000)
    for (let call = 0; call < 60_000; call++) histogram.add(10)
    assert.ok(histogram.quantiles().p95 <= 12)
  })
})

describe('Rate meter', () => {
  it('averages over the last ten seconds', () => {
    const meter = new RateMeter(5000)
    meter.add(100, 5000)
    assert.equal(meter.perSecond(5100), 100)
    assert.equal(meter.perSecond(7000), 50)
    for (let now = 7000; now < 30_000; now += 100) meter.add(10, now)
    assert.equal(meter.perSecond(29_999), 100)
    assert.equal(meter.perSecond(60_000), 0)
  })
})

describe('Memory budget', () => {
  it('tells of each mark once a crossing', () => {
    const marks: string[] = []
    const budget = new MemoryBudget(100, { high: () => marks.push('high'), low: () => marks.push('low') })
    for (const bytes of [79, 1, 10]) budget.take(bytes)
    for (const bytes of [10, 20, 10, 1]) budget.give(bytes)
    budget.take(45)
    assert.deepEqual(marks, ['high', 'low', 'high'])
    assert.deepEqual([budget.used, budget.free, budget.peak], [94, 6, 94])
  })
})

function observed(): { promise: Promise<Receipt>; observer: WriteObserver } {
  const observer: WriteObserver = { accepted: () => undefined, failed: () => undefined }
  const promise = new Promise<Receipt>((accepted, failed) => Object.assign(observer, { accepted, failed }))
  return { promise, observer }
}

describe('Write ledger', () => {
  it('settles a write with its last log, and rejects with the first error', async () => {
    const ledger = new WriteLedger()
    const { promise, observer } = observed()
    const ticket = ledger.open(10, 'access', observer)
    const watched = watch(promise)
    ticket.accept(4, 40, 'r1', 1)
    ticket.fail(3, refusals.invalid())
    await settle()
    assert.equal(watched.state, 'pending')
    ticket.fail(3, refusals.busy())
    await assert.rejects(promise, { code: 'PostBodyInvalid', logs: 10, acceptedLogs: 4 })
    assert.deepEqual(
      [ledger.pendingWrites, ledger.acceptedLogs, ledger.failedLogs, ledger.failedWrites],
      [0, 4, 6, 1]
    )
  })

  it('is drained when the writes opened before are settled, in any order', async () => {
    const ledger = new WriteLedger()
    const open = () => ledger.open(1, 'x', observed().observer)
    const [a, b] = [open(), open()]
    const first = watch(ledger.drained())
    const c = open()
    const second = watch(ledger.drained())
    const d = open()
    assert.deepEqual(
      [a, c, d].map((ticket) => ledger.isUrgent(ticket)),
      [true, true, false]
    )
    c.accept(1, 1, 'r', 1)
    b.accept(1, 1, 'r', 1)
    await settle()
    assert.deepEqual([first.state, second.state], ['pending', 'pending'])
    a.accept(1, 1, 'r', 1)
    await settle()
    assert.deepEqual([first.state, second.state], ['resolved', 'resolved'])
    d.accept(1, 1, 'r', 1)
    await ledger.drained()
  })
})
