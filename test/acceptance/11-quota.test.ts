import assert from 'node:assert/strict'
import { SlsError } from '../../engine/client/errors'
import { SlsSource } from '../../engine/source/source'
import type { SourceClient } from '../../engine/source/source-client'
import { messagesOf, nextBatch, sorted } from '../engine/source/local-service'
import { ShardStore } from '../engine/source/shard-store'
import { VirtualClock } from '../engine/source/virtual-clock'

const shards = 8
const minute = 60_000

/** What reads 8 shards while the service refuses every pull for a minute; the times of its pulls, in ms. */
async function play(code: string) {
  const clock = new VirtualClock()
  const store = new ShardStore(shards)
  const begin = clock.now()
  const pulls: number[] = []
  let written = 0
  const write = () => {
    for (let shard = 0; shard < shards; shard++) store.write(shard * 512, String(written++))
  }
  const real = store.client(() => clock.during(new Promise((resolve) => setImmediate(resolve))))
  const client: SourceClient = {
    ...real,
    pullLogs: async (...call) => {
      const at = clock.now() - begin
      pulls.push(at)
      if (at >= minute && at < 2 * minute)
        throw new SlsError(code, 'over', { status: 403, retryability: 'transient' })
      return real.pullLogs(...call)
    }
  }
  const source = new SlsSource({ client, logstores: 'access', clock, random: () => 0.5, maxLogGroups: 5 })
  const iterator = source[Symbol.asyncIterator]()
  const messages: string[] = []
  const reading = (async () => {
    while (messages.length < 180 * shards) {
      const batch = await nextBatch(iterator)
      messages.push(...messagesOf(batch))
      batch.ack()
    }
  })()
  for (let second = 0; second < 180; second++) {
    write()
    await clock.delay(1000)
  }
  await reading
  const errors = source.status().counts.retries
  await source.close()
  return { messages, pulls, errors }
}

function between(times: readonly number[], from: number, to: number): number {
  return times.filter((time) => time >= from && time < to).length
}

/** The most pulls in any 100 ms of a span. */
function peak(times: readonly number[], from: number, to: number): number {
  return Math.max(
    ...times.filter((time) => time >= from && time < to).map((time) => between(times, time, time + 100))
  )
}

describe('A quota that is exceeded for a minute', () => {
  for (const code of ['ShardReadQuotaExceed', 'ReadQuotaExceed']) {
    it(`(${code}) loses nothing: requests fall, and come back without a burst`, async () => {
      const { messages, pulls, errors } = await play(code)
      assert.deepEqual(sorted(messages), sorted(Array.from({ length: 180 * shards }, (_, n) => String(n))))
      const before = between(pulls, 40_000, 60_000)
      const late = between(pulls, 100_000, 120_000)
      const peaks = [peak(pulls, 10_000, 60_000), peak(pulls, 120_000, 150_000)] as const
      console.log(
        `      pulls in 20 s: ${before} before, ${late} at the end of it; most in 100 ms: ${peaks[0]} before, ${peaks[1]} after; ${errors} refusals`
      )
      assert.ok(errors > 0)
      assert.ok(late * 4 < before, `${late} pulls at the end of the minute, ${before} before it`)
      assert.ok(peaks[1] <= peaks[0], `a burst of ${peaks[1]} after it, ${peaks[0]} before`)
    })
  }
})
