import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { WriteError } from '../../../engine/sink/write-error'
import { runs } from '../../support/counts'
import { refusals } from './support/fake-service'
import { log } from './support/logs'
import { type SinkUnderTest, sinkUnderTest } from './support/sink-under-test'

interface Write {
  key: number
  topic: string
  logs: number
  pause: number
}

interface Answering {
  outcome: 'ok' | 'busy' | 'network' | 'clock' | 'shardQuota'
  latency: number
}

interface Written {
  ids: string[]
  /** Logs accepted, or the failure; one for each time that the observer was told. */
  told: (number | WriteError)[]
}

const writes: fc.Arbitrary<Write[]> = fc.array(
  fc.record({
    key: fc.integer({ min: 0, max: 2 }),
    topic: fc.constantFrom('', 'x', 'y'),
    logs: fc.integer({ min: 1, max: 4 }),
    pause: fc.constantFrom(0, 0, 0, 1, 40, 300)
  }),
  { minLength: 8, maxLength: 40 }
)

const answers: fc.Arbitrary<Answering[]> = fc.array(
  fc.record({
    outcome: fc.constantFrom('ok', 'ok', 'busy', 'network', 'clock', 'shardQuota'),
    latency: fc.constantFrom(0, 5, 120, 900)
  }),
  { maxLength: 40 }
)

/** A buffer of about five batches, of which two may be on the wire. */
function smallSink(): SinkUnderTest {
  return sinkUnderTest({
    ordered: true,
    overflow: 'dropOldest',
    totalBytes: 8000,
    concurrency: 2,
    maxLines: 2,
    buckets: 2,
    flushInterval: 50,
    retry: { maxRetries: -1, maxRetriesRetryable: -1 },
    random: () => 0.5
  })
}

async function play({ sink, service, clock }: SinkUnderTest, script: Write[], answering: Answering[]) {
  const left = [...answering]
  service.answer = async () => {
    const { outcome, latency } = left.shift() ?? { outcome: 'ok', latency: 1 }
    await new Promise<void>((resolve) => clock.after(latency, resolve))
    return outcome === 'ok' ? undefined : refusals[outcome]()
  }
  const written: Written[] = []
  for (const [index, { key, topic, logs, pause }] of script.entries()) {
    const ids = Array.from({ length: logs }, (_, place) => `${key}/${index}/${place}`)
    const told: Written['told'] = []
    written.push({ ids, told })
    sink.submit(
      { hashKey: String(key * 3).padStart(32, '0'), topic, logs: ids.map(log) },
      {
        accepted: ({ logs: count }) => told.push(count),
        failed: (error) => told.push(error as WriteError)
      }
    )
    await clock.advance(pause)
  }
  await clock.advance(600_000)
  return written
}

describe('Order where the oldest are dropped', () => {
  it('holds for what is left of each key; every write is told once, the dropped ones by their code', async function () {
    this.timeout(runs(20_000, 600_000))
    let dropped = 0
    await fc.assert(
      fc.asyncProperty(writes, answers, async (script, answering) => {
        const under = smallSink()
        const written = await play(under, script, answering)
        const arrived = under.service.values('id')
        const accepted = new Set(arrived)
        assert.equal(accepted.size, arrived.length, 'nothing arrives twice')
        for (const { ids, told } of written) {
          const count = ids.filter((id) => accepted.has(id)).length
          const [outcome] = told
          assert.equal(told.length, 1, `told ${told.length} times`)
          if (typeof outcome === 'number') assert.deepEqual([outcome, count], [ids.length, ids.length])
          else assert.deepEqual([outcome?.code, outcome?.acceptedLogs], ['Dropped', count])
        }
        for (const key of ['0/', '1/', '2/']) {
          const inOrder = written
            .flatMap(({ ids }) => ids)
            .filter((id) => id.startsWith(key) && accepted.has(id))
          assert.deepEqual(
            arrived.filter((id) => id.startsWith(key)),
            inOrder
          )
        }
        const { sink } = under
        const lost = written.reduce((sum, { ids }) => sum + ids.length, 0) - accepted.size
        assert.equal(sink.status().dropped, lost)
        assert.equal(sink.status().memory.used, 0)
        dropped += lost
        await sink.close()
      }),
      { numRuns: runs(60, 3000) }
    )
    assert.ok(dropped > 0, 'nothing had to be dropped')
  })
})
