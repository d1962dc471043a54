import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import type { SinkOptions } from '../../../engine/sink/options'
import { runs } from '../../support/counts'
import { refusals } from './support/fake-service'
import { Spooled, until } from './support/spooled'

type Weather = 'ok' | 'network' | 'busy' | 'noLogstore' | 'clock' | 'hangs'
type Step =
  | { kind: 'write'; topic: string; logs: number; bytes: number }
  | { kind: 'weather'; weather: Weather }
  | { kind: 'pass'; ms: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      topic: fc.constantFrom('a', 'b', 'c'),
      logs: fc.integer({ min: 1, max: 9 }),
      bytes: fc.constantFrom(0, 50, 900, 4000)
    })
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('weather' as const),
      weather: fc.constantFrom<Weather>('ok', 'ok', 'network', 'busy', 'noLogstore', 'clock', 'hangs')
    })
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(0, 1, 5, 15) })
  }
)

const options: fc.Arbitrary<Partial<SinkOptions>> = fc.record({
  spool: fc.constantFrom<'overflow' | 'always'>('overflow', 'always'),
  ordered: fc.boolean(),
  maxLines: fc.constantFrom(1, 4, 50),
  // A record read back from disk fits into the quarter that is kept for such.
  maxBytes: fc.constant(15_000),
  totalBytes: fc.constantFrom(80_000, 1_000_000),
  spoolBytes: fc.constantFrom(65_536, 10_000_000),
  concurrency: fc.constantFrom(1, 3),
  overflow: fc.constantFrom<'wait' | 'reject' | 'dropOldest' | 'spool'>(
    'wait',
    'reject',
    'dropOldest',
    'spool'
  ),
  maxBlock: fc.constantFrom(0, 20, -1),
  compression: fc.constantFrom<'none' | 'lz4'>('none', 'lz4'),
  retry: fc.constant({ maxRetries: 1, maxRetriesRetryable: 3, baseRetryBackoff: 1, maxRetryBackoff: 3 })
})

interface Life {
  script: Step[]
  deadline: number
}

const life: fc.Arbitrary<Life> = fc.record({
  script: fc.array(step, { minLength: 1, maxLength: 20 }),
  deadline: fc.constantFrom(0, 5, 60, 400)
})

interface Written {
  topic: string
  ids: number[]
  settled: number
  done: boolean
}

/** Writes, changes the weather, and closes, in one life after another that use the same folder. */
async function live(spooled: Spooled, settings: Partial<SinkOptions>, lives: readonly Life[]) {
  const written: Written[] = []
  let weather: Weather = 'ok'
  spooled.service.answer = () => {
    if (weather === 'hangs') return new Promise(() => undefined)
    return weather === 'ok' ? undefined : refusals[weather]()
  }
  let next = 0
  for (const { script, deadline } of lives) {
    const sink = spooled.sink({ flushInterval: 2, ...settings })
    for (const step of script) {
      if (step.kind === 'pass') await pause(step.ms)
      else if (step.kind === 'weather') weather = step.weather
      else {
        const ids = Array.from({ length: step.logs }, () => next++)
        const write: Written = { topic: step.topic, ids, settled: 0, done: false }
        written.push(write)
        const text = 'x'.repeat(step.bytes)
        sink
          .write({
            topic: step.topic,
            logs: ids.map((id) => ({ time: 1_700_000_000, contents: { id: String(id), text } }))
          })
          .then(
            () => {
              write.done = true
            },
            () => undefined
          )
          .finally(() => write.settled++)
      }
      const { memory, spool } = sink.status()
      assert.ok(memory.used <= memory.limit, `${memory.used} of ${memory.limit} bytes`)
      assert.ok((spool?.used ?? 0) <= (settings.spoolBytes ?? 0), `${spool?.used} bytes on disk`)
    }
    await sink.close(deadline)
    await pause(0)
    assert.ok(
      written.every(({ settled }) => settled === 1),
      'settled once'
    )
  }
  weather = 'ok'
  const last = spooled.sink({ ...settings, concurrency: 3 })
  await until('an empty spool', () => {
    const { spool } = last.status()
    return spool?.state === 'ready' && spool.logs === 0
  })
  await last.close()
  return written
}

describe('Sinks with a spool, one after another, whatever happens', () => {
  it('deliver every log whose write was done, and in order where that is kept', async function () {
    this.timeout(runs(60_000, 900_000))
    await fc.assert(
      fc.asyncProperty(options, fc.array(life, { minLength: 1, maxLength: 3 }), async (settings, lives) => {
        const spooled = await Spooled.start()
        try {
          const written = await live(spooled, settings, lives)
          const arrived = spooled.service.values('id').map(Number)
          const known = new Set(arrived)
          const done = written.filter((write) => write.done)
          const missing = done.flatMap(({ ids }) => ids.filter((id) => !known.has(id)))
          assert.deepEqual(missing, [], 'every log that was done is there')
          if (settings.ordered !== true) return
          for (const topic of ['a', 'b', 'c']) {
            const ofTopic = new Set(done.filter((write) => write.topic === topic).flatMap(({ ids }) => ids))
            const first = [...new Set(arrived.filter((id) => ofTopic.has(id)))]
            assert.deepEqual(
              first,
              [...first].sort((a, b) => a - b),
              `order of ${topic}`
            )
          }
        } finally {
          await spooled.close()
        }
      }),
      { numRuns: runs(20, 500) }
    )
  })
})
