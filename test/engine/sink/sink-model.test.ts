import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { SinkOptions } from '../../../engine/sink/options'
import { WriteError } from '../../../engine/sink/write-error'
import type { Receipt } from '../../../engine/sink/write-ledger'
import { runs } from '../../support/counts'
import { refusals } from './support/fake-service'
import { type SinkUnderTest, sinkUnderTest } from './support/sink-under-test'

type Refusal = keyof typeof refusals
type Step =
  | { kind: 'write'; topic: string; logs: number; bytes: number; poison: boolean }
  | { kind: 'pass'; ms: number }
  | { kind: 'answers'; answers: ('ok' | Refusal)[]; latency: number }
  | { kind: 'flush' }

const answers = fc.constantFrom<'ok' | Refusal>(
  'ok',
  'ok',
  'busy',
  'network',
  'shardQuota',
  'noLogstore',
  'clock',
  'tooLarge',
  'invalid'
)

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      topic: fc.constantFrom('', 'a', 'b', 'c'.repeat(700)),
      logs: fc.integer({ min: 0, max: 12 }),
      bytes: fc.constantFrom(0, 10, 100, 1500, 9000),
      poison: fc.boolean()
    })
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(0, 1, 20, 150, 900) })
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('answers' as const),
      answers: fc.array(answers, { maxLength: 6 }),
      latency: fc.constantFrom(0, 5, 120)
    })
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) }
)

const settings: fc.Arbitrary<Partial<SinkOptions>> = fc.record({
  maxLines: fc.constantFrom(1, 3, 50),
  maxBytes: fc.constantFrom(200, 3000, 100_000),
  totalBytes: fc.constantFrom(1700, 8000, 30_000, 1_000_000),
  concurrency: fc.constantFrom(1, 3),
  ordered: fc.boolean(),
  overflow: fc.constantFrom('wait', 'reject', 'dropOldest'),
  maxBlock: fc.constantFrom(0, 500, 100_000, -1),
  maxOpenBatches: fc.constantFrom(1, 2, 100),
  compression: fc.constantFrom('none', 'lz4'),
  flushInterval: fc.constantFrom(0, 100, 3000),
  retry: fc.constant({ maxRetries: 2, maxRetriesRetryable: 4 })
})

interface Written {
  ids: string[]
  outcome: Promise<Receipt | WriteError>
  settled: number
}

/** Drives a sink through the steps, then closes it; checks what must hold at every instant. */
async function drive({ sink, service, clock }: SinkUnderTest, script: readonly Step[], deadline: number) {
  const written: Written[] = []
  let planned: ('ok' | Refusal)[] = []
  let latency = 0
  let answering = 0
  service.answer = async (put) => {
    answering++
    await new Promise<void>((resolve) => clock.after(latency, resolve))
    answering--
    if (put.logs.some((log) => log.contents[0]?.[1].endsWith('poison'))) return refusals.invalid()
    const next = planned.shift() ?? 'ok'
    return next === 'ok' || (next === 'tooLarge' && put.logs.length === 1) ? undefined : refusals[next]()
  }
  const check = () => {
    const { memory, openBatches, inFlight } = sink.status()
    assert.ok(memory.used >= 0 && memory.peak <= memory.limit, `${memory.peak} of ${memory.limit} bytes`)
    assert.ok(openBatches >= 0 && inFlight >= 0)
  }
  for (const [index, step] of script.entries()) {
    if (step.kind === 'pass') await clock.advance(step.ms)
    else if (step.kind === 'flush') sink.flush().catch(assert.fail)
    else if (step.kind === 'answers') {
      planned = [...step.answers]
      latency = step.latency
    } else {
      const ids = Array.from({ length: step.logs }, (_, place) => `${index}/${place}`)
      if (step.poison && step.logs > 0) ids[0] = `${index}/poison`
      const text = 'x'.repeat(step.bytes)
      const record: Written = {
        ids,
        settled: 0,
        outcome: Promise.resolve(new WriteError('', '', { logs: 0, acceptedLogs: 0 }))
      }
      record.outcome = sink
        .write({ topic: step.topic, logs: ids.map((id) => ({ time: 1, contents: { id, text } })) })
        .then(
          (receipt) => receipt,
          (error: unknown) => {
            assert.ok(error instanceof WriteError, String(error))
            return error
          }
        )
        .finally(() => record.settled++)
      written.push(record)
    }
    check()
  }
  const closed = sink.close(deadline)
  await clock.advance(deadline)
  await closed
  await clock.advance(0)
  check()
  assert.equal(clock.pendingTimers, answering, 'no timer of the sink is left')
  return written
}

describe('A sink, whatever happens', () => {
  it('settles every write once, tells the truth about it, and ends empty', async function () {
    this.timeout(runs(20_000, 600_000))
    await fc.assert(
      fc.asyncProperty(
        settings,
        fc.array(steps, { maxLength: 30 }),
        fc.constantFrom(0, 300, 200_000),
        async (options, script, deadline) => {
          const under = sinkUnderTest({ ...options, random: () => 0.7 })
          const written = await drive(under, script, deadline)
          const { sink, service } = under
          const arrived = service.values('id')
          assert.equal(new Set(arrived).size, arrived.length, 'nothing arrives twice')
          const accepted = new Set(arrived)
          for (const { ids, settled, outcome } of written) {
            assert.equal(settled, 1, 'settled once')
            const result = await outcome
            const count = ids.filter((id) => accepted.has(id)).length
            if (result instanceof WriteError) {
              assert.ok(result.acceptedLogs <= ids.length)
              assert.deepEqual([result.logs, result.acceptedLogs], [ids.length, count])
            } else {
              assert.deepEqual([result.logs, count], [ids.length, ids.length])
            }
          }
          const { memory, pendingWrites, waitingWrites, bufferedLogs, inFlight } = sink.status()
          assert.deepEqual(
            [memory.used, pendingWrites, waitingWrites, bufferedLogs, inFlight],
            [0, 0, 0, 0, 0]
          )
        }
      ),
      { numRuns: runs(300, 10_000) }
    )
  })
})
