import { SlsError } from './errors'
import {
  callable,
  checkedObject,
  checkNames,
  checkSignal,
  longestTimer,
  type OptionNames,
  whole
} from './option-checks'

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

const retryOptions: OptionNames<RetryPolicy> = {
  maxRetries: true,
  maxRetriesRetryable: true,
  baseRetryBackoff: true,
  maxRetryBackoff: true
}

/**
 * The policy with the defaults filled in.
 * @throws SlsError `InvalidOption` naming the field.
 */
export function checkRetryPolicy(
  retry: Partial<RetryPolicy> | undefined,
  base: RetryPolicy = defaultRetryPolicy
): RetryPolicy {
  if (retry !== undefined && retry !== null) checkNames(retry, retryOptions, 'retry')
  const number = (field: keyof RetryPolicy, least: number) =>
    whole(field, retry?.[field] ?? base[field], least, longestTimer)
  return {
    maxRetries: number('maxRetries', -1),
    maxRetriesRetryable: number('maxRetriesRetryable', -1),
    baseRetryBackoff: number('baseRetryBackoff', 0),
    maxRetryBackoff: number('maxRetryBackoff', 0)
  }
}

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
 * @throws SlsError `InvalidOption`; what the last attempt threw, its `attempts` set; SlsError `Aborted` when the signal ends a wait.
 */
export async function withRetry<T>(call: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { signal, onRetry, random } = checkedObject('options', options)
  callable('call', call)
  const policy = checkRetryPolicy(checkedObject('policy', options.policy))
  checkSignal(signal)
  if (onRetry !== undefined) callable('onRetry', onRetry)
  if (random !== undefined) callable('random', random)
  const left = { never: 0, ordinary: policy.maxRetries, transient: policy.maxRetriesRetryable }
  for (let attempt = 1; ; attempt++) {
    try {
      return await call(attempt)
    } catch (error) {
      if (!(error instanceof SlsError)) throw error
      error.attempts = attempt
      if (left[error.retryability] === 0) throw error
      left[error.retryability]--
      const delay = backoffDelay(policy, attempt, random)
      onRetry?.({ error, attempt, delay })
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
