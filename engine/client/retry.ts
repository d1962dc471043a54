import { SlsError } from './errors'

export interface RetryPolicy {
  /** Retries of errors that are `ordinary`; -1 for ever. */
  maxRetries: number
  /** Retries of errors that are `transient` (network, 5xx, quota); -1 for ever. */
  maxRetriesRetryable: number
  /** Milliseconds: the upper bound of the wait before the first retry, doubled with each further one. */
  baseRetryBackoff: number
  /** Milliseconds: the upper bound of every wait. */
  maxRetryBackoff: number
}

export interface RetryNotice {
  error: SlsError
  /** The attempt that failed, from 1. */
  attempt: number
  /** Milliseconds until the next attempt. */
  delay: number
}

export interface RetryOptions {
  policy: RetryPolicy
  signal?: AbortSignal | undefined
  /** Told of each failed attempt that will be followed by another. */
  onRetry?: ((notice: RetryNotice) => void) | undefined
  /** 0 up to 1, Math.random where not given. */
  random?: (() => number) | undefined
}

export const defaultRetryPolicy: RetryPolicy = Object.freeze({
  maxRetries: 5,
  maxRetriesRetryable: 60,
  baseRetryBackoff: 200,
  maxRetryBackoff: 5000
})

/**
 * Milliseconds to wait after the failed attempt number `attempt` (from 1): anything up to base x 2^(attempt-1), at
 * most the policy's maximum ("full jitter", so that many clients do not come back at once).
 */
export function backoffDelay(
  policy: RetryPolicy,
  attempt: number,
  random: () => number = Math.random
): number {
  const bound = Math.min(policy.maxRetryBackoff, policy.baseRetryBackoff * 2 ** (attempt - 1))
  return Math.round(random() * bound)
}

/**
 * Calls until success, an error that is final, or the policy's end. `call` is given the attempt's number, from 1.
 * Ordinary and transient failures are counted apart.
 * @throws what the last attempt threw, its `attempts` set; SlsError `Aborted` when the signal ends a wait.
 */
export async function withRetry<T>(call: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { policy, signal } = options
  const left = { never: 0, ordinary: policy.maxRetries, transient: policy.maxRetriesRetryable }
  for (let attempt = 1; ; attempt++) {
    try {
      return await call(attempt)
    } catch (error) {
      if (!(error instanceof SlsError)) throw error
      error.attempts = attempt
      if (left[error.retryability] === 0) throw error
      left[error.retryability]--
      const delay = backoffDelay(policy, attempt, options.random)
      options.onRetry?.({ error, attempt, delay })
      await abortableDelay(delay, signal)
    }
  }
}

/**
 * Waits `ms` milliseconds.
 * @throws SlsError `Aborted` as soon as the signal is aborted.
 */
export function abortableDelay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = () => {
      clearTimeout(timer)
      reject(new SlsError('Aborted', 'The wait was aborted'))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', aborted)
      resolve()
    }, ms)
    if (signal?.aborted) aborted()
    else signal?.addEventListener('abort', aborted, { once: true })
  })
}
