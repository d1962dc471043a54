import { strict as assert } from 'node:assert'
import { setMaxListeners } from 'node:events'
import fc from 'fast-check'
import type { Clock } from '../../../engine/source/clock'
import { PullRounds } from '../../../engine/source/pull-rounds'
import { runs } from '../../support/counts'
import { VirtualClock } from './virtual-clock'

const forever = new AbortController().signal
setMaxListeners(0, forever)

/** A clock that counts the waits it is asked for, and those that are given up. */
function countingClock() {
  const clock = new VirtualClock()
  const counts = { waits: 0, aborted: 0 }
  const counting: Clock = {
    now: () => clock.now(),
    delay: (ms, signal) => {
      counts.waits++
      signal?.addEventListener('abort', () => counts.aborted++)
      return clock.delay(ms, signal)
    }
  }
  return { clock: counting, counts }
}

describe('rounds of pulls', () => {
  it('wake all who wait for long with few timers, none of them late', async () => {
    const { clock, counts } = countingClock()
    const rounds = new PullRounds(clock, () => 0.7)
    const ends = new Set<number>()
    const begun = clock.now()
    const waits = Array.from({ length: 100 }, (_, index) => 2500 + index * 5)
    await Promise.all(
      waits.map(async (ms) => {
        await rounds.delay(ms, forever)
        const waited = clock.now() - begun
        assert.ok(waited <= ms && waited > ms - 500, `${waited} of ${ms} ms`)
        ends.add(waited)
      })
    )
    assert.ok(ends.size <= 2, `${ends.size} times`)
    assert.equal(counts.waits, ends.size)
  })

  it('let those who do not wait for long wait for themselves', async () => {
    const { clock, counts } = countingClock()
    const rounds = new PullRounds(clock, () => 0)
    const begun = clock.now()
    await Promise.all([100, 101, 999].map((ms) => rounds.delay(ms, forever)))
    assert.equal(clock.now() - begun, 999)
    assert.equal(counts.waits, 3)
  })

  it('keep to the bounds whatever is waited for, and whoever gives up', async () => {
    const waiter = fc.record({
      start: fc.nat(5000),
      ms: fc.integer({ min: 1, max: 8000 }),
      giveUp: fc.option(fc.nat(4000), { nil: undefined })
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(waiter, { maxLength: 20 }),
        fc.float({ min: 0, max: Math.fround(0.99), noNaN: true }),
        async (waiters, random) => {
          const clock = new VirtualClock()
          const rounds = new PullRounds(clock, () => random)
          const begun = clock.now()
          await Promise.all(
            waiters.map(async ({ start, ms, giveUp }) => {
              await clock.delay(start)
              const stop = new AbortController()
              if (giveUp !== undefined) void clock.delay(giveUp).then(() => stop.abort())
              const outcome = await rounds.delay(ms, stop.signal).then(
                () => 'over',
                () => 'aborted'
              )
              const waited = clock.now() - begun - start
              if (outcome === 'aborted') assert.equal(waited, giveUp)
              else assert.ok(waited <= ms && waited > ms - Math.min(1000, ms / 4), `${waited} of ${ms} ms`)
            })
          )
        }
      ),
      { numRuns: runs(60, 1000) }
    )
  })

  it('leave no timer behind when all have given up', async () => {
    const { clock, counts } = countingClock()
    const rounds = new PullRounds(clock, () => 0)
    const stop = new AbortController()
    const waits = [3000, 3010, 3020].map((ms) => rounds.delay(ms, stop.signal))
    stop.abort()
    for (const wait of waits) await assert.rejects(wait, { code: 'Aborted' })
    assert.equal(counts.aborted, counts.waits)
    const begun = clock.now()
    await rounds.delay(3000, forever)
    assert.ok(clock.now() - begun > 2500)
    await assert.rejects(rounds.delay(3000, stop.signal), { code: 'Aborted' })
  })
})
