import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { LogInput } from '../../../engine/client/codec/log-group-encoder'
import type { Content, Log } from '../../../engine/client/model'
import { Accumulator } from '../../../engine/sink/accumulator'
import { BATCH_OVERHEAD, type Batch, SHARE_OVERHEAD } from '../../../engine/sink/batch'
import { MemoryBudget } from '../../../engine/sink/memory-budget'
import { Places } from '../../../engine/sink/place'
import { checkLogs, measureWrite } from '../../../engine/sink/prepare-write'
import { WriteLedger, type WriteObserver } from '../../../engine/sink/write-ledger'
import { runs } from '../../support/counts'
import { oracle } from '../../support/protobuf-oracle'
import { FakeClock } from './support/fake-clock'

interface Limits {
  maxLines: number
  maxBytes: number
  maxOpenBatches: number
  flushInterval: number
}

interface Target {
  logstore: string
  topic: string
  source: string
  tags: readonly Content[]
  hashKey?: string
}

/** checked: after it was looked at; unchecked: as it comes; flawed, cramped: so too, and with a flaw, without room. */
type Way = 'checked' | 'unchecked' | 'flawed' | 'cramped'

type Command =
  | { kind: 'write'; target: Target; logs: readonly LogInput[]; way: Way }
  | { kind: 'pass'; ms: number }
  | { kind: 'sealAll' }
  | { kind: 'sealOldest'; bytes: number }
  | { kind: 'removeOldest' }

const contents: fc.Arbitrary<Content[]> = fc.array(
  fc.tuple(
    fc.constantFrom('a', '键', 'long'.repeat(40)),
    fc.constantFrom('', 'x', '值'.repeat(50), 'y'.repeat(300))
  ),
  { minLength: 1, maxLength: 4 }
)
const log: fc.Arbitrary<LogInput> = fc
  .tuple(fc.integer({ min: 0, max: 0xffff_ffff }), fc.option(fc.nat(999_999_999)), contents)
  .map(([time, timeNs, fields]) =>
    timeNs === null ? { time, contents: fields } : { time, timeNs, contents: fields }
  )
const hexKey = fc.constantFrom('0', '7', 'c').map((digit) => digit.repeat(32))
const target: fc.Arbitrary<Target> = fc
  .tuple(
    fc.constantFrom('access', 'other'),
    fc.constantFrom('', 'a|b', 'a'),
    fc.constantFrom('', 'c', 'b|c'),
    fc.constantFrom<readonly Content[]>([], [['host', '1']], [['host', '2']]),
    fc.option(hexKey)
  )
  .map(([logstore, topic, source, tags, hashKey]) =>
    hashKey === null ? { logstore, topic, source, tags } : { logstore, topic, source, tags, hashKey }
  )

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      target,
      logs: fc.array(log, { minLength: 1, maxLength: 8 }),
      way: fc.constantFrom<Way>('checked', 'unchecked', 'unchecked', 'flawed', 'cramped')
    })
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(0, 1, 40, 100, 250) })
  },
  { weight: 1, arbitrary: fc.constant<Command>({ kind: 'sealAll' }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('sealOldest' as const),
      bytes: fc.constantFrom(0, 1, 2000, 9000)
    })
  },
  { weight: 1, arbitrary: fc.constant<Command>({ kind: 'removeOldest' }) }
)

const limits: fc.Arbitrary<Limits> = fc.record({
  maxLines: fc.constantFrom(1, 2, 5, 100),
  maxBytes: fc.constantFrom(1, 300, 1000, 100_000),
  maxOpenBatches: fc.constantFrom(1, 2, 4, 1000),
  flushInterval: fc.constantFrom(0, 100, 200)
})

/** The batcher settles nothing. */
const unobserved: WriteObserver = {
  accepted: () => assert.fail(),
  failed: () => assert.fail()
}

interface ModelBatch {
  target: Target
  logs: LogInput[]
  writes: number[]
  openedAt: number
}

/** What the batcher is to do, in the plainest words: a list of open batches, each encoded anew to know its size. */
class BatcherModel {
  open: ModelBatch[] = []
  readonly sealed: ModelBatch[] = []
  now = 0

  constructor(private readonly limits: Limits) {}

  write(write: number, target: Target, logs: readonly LogInput[]): void {
    for (const one of logs) this.add(write, target, one)
  }

  private add(write: number, to: Target, one: LogInput): void {
    let batch = this.open.find(({ target: place }) => JSON.stringify(place) === JSON.stringify(to))
    if (batch !== undefined && bytesOf({ ...batch, logs: [...batch.logs, one] }) > this.limits.maxBytes) {
      this.seal(batch)
      batch = undefined
    }
    if (batch === undefined) {
      batch = { target: to, logs: [], writes: [], openedAt: this.now }
      this.open.push(batch)
      batch.logs.push(one)
      batch.writes.push(write)
      if (this.open.length > this.limits.maxOpenBatches && this.open[0] !== undefined) this.seal(this.open[0])
    } else {
      batch.logs.push(one)
      if (batch.writes.at(-1) !== write) batch.writes.push(write)
    }
    const full = batch.logs.length >= this.limits.maxLines || bytesOf(batch) >= this.limits.maxBytes
    if (full && this.open.includes(batch)) this.seal(batch)
  }

  pass(ms: number): void {
    const end = this.now + ms
    for (let due = this.#nextDue(); due <= end; due = this.#nextDue()) {
      this.now = Math.max(this.now, due)
      for (const batch of [...this.open])
        if (batch.openedAt + this.limits.flushInterval <= this.now) this.seal(batch)
    }
    this.now = end
  }

  sealOldest(bytes: number): void {
    let missing = bytes
    for (const batch of [...this.open]) {
      if (missing <= 0) return
      missing -= chargeOf(batch)
      this.seal(batch)
    }
  }

  seal(batch: ModelBatch): void {
    this.open = this.open.filter((other) => other !== batch)
    this.sealed.push(batch)
  }

  #nextDue(): number {
    return Math.min(...this.open.map(({ openedAt }) => openedAt + this.limits.flushInterval))
  }
}

const groupOf = ({ target: { topic, source, tags }, logs }: ModelBatch) => ({
  topic,
  source,
  tags,
  logs: logs as readonly Log[]
})

const bytesOf = (batch: ModelBatch) => oracle.encodeGroup(groupOf(batch)).length

const chargeOf = (batch: ModelBatch) => BATCH_OVERHEAD + bytesOf(batch) + batch.writes.length * SHARE_OVERHEAD

async function bodiesOf(batches: readonly Batch[]) {
  return Promise.all(
    batches.map(async ({ frame, pieces }) => {
      const body = await pieces[0]?.body()
      return {
        logstore: frame.logstore,
        hashKey: frame.hashKey,
        group: oracle.decodeGroup(body ?? Buffer.alloc(0))
      }
    })
  )
}

describe('The batcher, after any commands', () => {
  it('has sealed the batches that its model has, byte for byte, and holds open what the model holds', async function () {
    this.timeout(runs(20_000, 600_000))
    await fc.assert(
      fc.asyncProperty(limits, fc.array(command, { maxLength: 25 }), async (given, commands) => {
        const clock = new FakeClock()
        const model = new BatcherModel(given)
        const sealed: Batch[] = []
        const budget = new MemoryBudget(1e9, { high: () => undefined, low: () => undefined })
        const settings = { ...given, compression: 'none', clock } as const
        const batcher = new Accumulator({
          settings,
          budget,
          order: undefined,
          onSealed: (batch) => sealed.push(batch)
        })
        const places = new Places(undefined, undefined)
        const ledger = new WriteLedger()
        let written = 0
        for (const step of commands) {
          if (step.kind === 'write') {
            const place = places.placeOf(step.target)
            const ticket = ledger.open(step.logs.length, step.target.logstore, unobserved)
            if (step.way === 'flawed') {
              const { time } = step.logs[0] as LogInput
              const flawed = [...step.logs, { time, contents: [['key', 1]] } as unknown as LogInput]
              assert.equal(batcher.addUnchecked(place, flawed, ticket), false)
            } else if (step.way === 'cramped') {
              const taken = budget.free
              budget.take(taken)
              assert.equal(batcher.addUnchecked(place, step.logs, ticket), false)
              budget.give(taken)
            } else {
              const write = {
                place,
                logs: step.logs,
                sizes: checkLogs(step.logs, place),
                frameBytes: place.frameBound,
                measured: false,
                next: 0,
                ticket
              }
              const bound = batcher.costOf(write)
              measureWrite(write)
              const cost = batcher.costOf(write)
              assert.ok(cost <= bound, `${cost} of at most ${bound}`)
              const used = budget.used
              if (step.way === 'checked') batcher.add(write)
              else assert.ok(batcher.addUnchecked(place, step.logs, ticket))
              assert.ok(budget.used - used <= cost, 'costs no more than was told')
              model.write(written++, step.target, step.logs)
            }
          } else if (step.kind === 'pass') {
            await clock.advance(step.ms)
            model.pass(step.ms)
          } else if (step.kind === 'sealAll') {
            batcher.sealAll()
            for (const batch of [...model.open]) model.seal(batch)
          } else if (step.kind === 'sealOldest') {
            batcher.sealOldest(step.bytes)
            model.sealOldest(step.bytes)
          } else {
            const removed = batcher.removeOldest()
            if (removed !== undefined) sealed.push(removed)
            if (model.open[0] !== undefined) model.seal(model.open[0])
          }
          assert.equal(batcher.openBatches, model.open.length)
          assert.equal(
            batcher.openCharge,
            model.open.reduce((sum, batch) => sum + chargeOf(batch), 0)
          )
          assert.deepEqual(
            [...batcher.batches].map(({ bytes, logs }) => [bytes, logs]),
            model.open.map((batch) => [bytesOf(batch), batch.logs.length])
          )
        }
        assert.deepEqual(
          sealed.map(({ bytes, charge }) => [bytes, charge]),
          model.sealed.map((batch) => [bytesOf(batch), chargeOf(batch)])
        )
        assert.deepEqual(
          await bodiesOf(sealed),
          model.sealed.map((batch) => ({
            logstore: batch.target.logstore,
            hashKey: batch.target.hashKey,
            group: groupOf(batch)
          }))
        )
        batcher.sealAll()
        assert.equal(clock.pendingTimers, 0)
      }),
      { numRuns: runs(150, 10_000) }
    )
  })
})
