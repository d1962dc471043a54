import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Retryability, SlsError } from '../../../engine/client/errors'
import {
  abortableDelay,
  backoffDelay,
  type RetryNotice,
  type RetryPolicy,
  withRetry
} from '../../../engine/client/retry'
import { runs } from '../../support/counts'

const policy: RetryPolicy = { maxRetries: 2, maxRetriesRetryable: 4, baseRetryBackoff: 0, maxRetryBackoff: 0 }

function failure(retryability: Retryability): SlsError {
  return new SlsError('Test', 'failed', { retryability })
}

/** Fails with the given kinds in turn, the last one for ever; counts the calls. */
function failing(...kinds: Retryability[]) {
  let calls = 0
  const call = async (): Promise<never> => {
    calls++
    throw failure(kinds[Math.min(calls, kinds.length) - 1] ?? 'never')
  }
  return { call, calls: () => calls }
}

async function rejection(promise: Promise<unknown>): Promise<SlsError> {
  try {
    await promise
  } catch (error) {
    assert.ok(error instanceof SlsError)
    return error
  }
  assert.fail('it did not reject')
}

describe('Retry', () => {
  it('gives the result of the first success and tells of each failure before it', async () => {
    const notices: RetryNotice[] = []
    const result = await withRetry(
      async (attempt) => {
        if (attempt < 3) throw failure('transient')
        return `attempt ${attempt}`
      },
      { policy, onRetry: (notice) => notices.push(notice) }
    )
    assert.equal(result, 'attempt 3')
    assert.deepEqual(
      notices.map(({ attempt, delay }) => [attempt, delay]),
      [
        [1, 0],
        [2, 0]
      ]
    )
  })

  it('makes as many retries as the policy has for that kind of error', async () => {
    for (const [kind, calls] of [
      ['never', 1],
      ['ordinary', 3],
      ['transient', 5]
    ] as const) {
      const attempts = failing(kind)
      const error = await rejection(withRetry(attempts.call, { policy }))
      assert.equal(attempts.calls(), calls, kind)
      assert.equal(error.attempts, calls)
    }
  })

  it('counts the kinds apart: a long outage leaves the ordinary retries untouched', async () => {
    const attempts = failing('transient', 'transient', 'transient', 'transient', 'ordinary')
    assert.equal((await rejection(withRetry(attempts.call, { policy }))).attempts, 7)
  })

  it('goes on for ever with -1', async () => {
    let left = 500
    const done = await withRetry(
      async () => {
        if (left-- > 0) throw failure('transient')
        return true
      },
      { policy: { ...policy, maxRetriesRetryable: -1 } }
    )
    assert.equal(done, true)
  })

  it('hands on at once what is no error of the service', async () => {
    let calls = 0
    await assert.rejects(
      withRetry(
        async () => {
          calls++
          throw new TypeError('a defect')
        },
        { policy }
      ),
      TypeError
    )
    assert.equal(calls, 1)
  })

  it('ends its wait when it is aborted', async () => {
    const abort = new AbortController()
    const promise = withRetry(failing('transient').call, {
      policy: { ...policy, baseRetryBackoff: 3_600_000, maxRetryBackoff: 3_600_000 },
      signal: abort.signal,
      random: () => 1,
      onRetry: () => setImmediate(() => abort.abort())
    })
    assert.equal((await rejection(promise)).code, 'Aborted')
  })

  it('does not wait at all on a signal that is aborted already', async () => {
    assert.equal((await rejection(abortableDelay(3_600_000, AbortSignal.abort()))).code, 'Aborted')
  })
})

describe('Back-off', () => {
  const doubling: RetryPolicy = { ...policy, baseRetryBackoff: 200, maxRetryBackoff: 5000 }

  it('doubles its bound from the base up to the maximum', () => {
    const bounds = [1, 2, 3, 4, 5, 6, 7, 100, 5000].map((attempt) => backoffDelay(doubling, attempt, () => 1))
    assert.deepEqual(bounds, [200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000])
  })

  it('spreads over the whole range below its bound', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempt, random) => {
          const delay = backoffDelay(doubling, attempt, () => random)
          const bound = backoffDelay(doubling, attempt, () => 1)
          assert.equal(delay, Math.round(random * bound))
          assert.ok(delay >= 0 && delay <= 5000)
        }
      ),
      { numRuns: runs(200, 2000) }
    )
  })
})
