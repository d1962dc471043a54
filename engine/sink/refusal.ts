import type { SlsError } from '../client/errors'
import type { RetryPolicy } from '../client/retry'
import type { Piece } from './piece'

/** Requests of one batch that may be refused for good before the search for the log that is wrong ends. */
const MOST_REFUSALS = 100

export type Verdict = 'retryLater' | 'retryAfterGate' | 'splitByLogs' | 'splitByWrites' | 'fail'

/** What becomes of a piece that the service did not accept. */
export function judge(error: SlsError, piece: Piece, refusals: number, policy: RetryPolicy): Verdict {
  if (error.retryability === 'transient') {
    return mayRetry(piece.transientRetries, policy.maxRetriesRetryable) ? 'retryAfterGate' : 'fail'
  }
  if (error.retryability === 'ordinary')
    return mayRetry(piece.ordinaryRetries, policy.maxRetries) ? 'retryLater' : 'fail'
  if (isTooLarge(error)) return piece.logs > 1 ? 'splitByLogs' : 'fail'
  const concernsContent = error.status !== undefined && error.status >= 400 && error.status < 500
  return concernsContent && piece.shares.length > 1 && refusals < MOST_REFUSALS ? 'splitByWrites' : 'fail'
}

function mayRetry(retries: number, most: number): boolean {
  return most < 0 || retries < most
}

function isTooLarge(error: SlsError): boolean {
  return error.status === 413 || /^postbodytoolarge$/i.test(error.code)
}
