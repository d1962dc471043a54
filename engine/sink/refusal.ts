import type { SlsError } from '../client/errors'
import type { SinkSettings } from './options'
import type { Piece } from './piece'

/** Requests of one batch that may be refused for good before the search for the log that is wrong ends. */
const MOST_REFUSALS = 100

/** Milliseconds for which a project or logstore that is missing may be in creation. */
const CREATION_GRACE = 60_000

/** retryAfterDisk: it goes back to disk, or there instead of failing, to be sent much later. */
export type Verdict =
  | 'retryLater'
  | 'retryAfterGate'
  | 'retryAfterDisk'
  | 'splitByLogs'
  | 'splitByWrites'
  | 'fail'

export interface JudgedPiece {
  readonly piece: Pick<Piece, 'logs' | 'shares' | 'ordinaryRetries' | 'transientRetries'>
  /** Milliseconds since its first log was written. */
  readonly age: number
  /** Requests of its batch that were refused for good. */
  readonly refusals: number
}

/** How long is tried: by count, or where `maxRetryAge` is above 0 for so many milliseconds. */
export type Patience = Pick<SinkSettings, 'retry' | 'maxRetryAge'>

/** What becomes of a piece that the service did not accept. */
export function judge(error: SlsError, judged: JudgedPiece, { retry, maxRetryAge }: Patience): Verdict {
  const { piece, age, refusals } = judged
  const mayRetry = (retries: number, most: number) =>
    maxRetryAge > 0 ? age < maxRetryAge : most < 0 || retries < most
  if (error.retryability === 'transient') {
    return mayRetry(piece.transientRetries, retry.maxRetriesRetryable) ? 'retryAfterGate' : 'fail'
  }
  if (error.retryability === 'ordinary') {
    const inCreation = isMissing(error) && maxRetryAge === 0 && retry.maxRetries > 0 && age < CREATION_GRACE
    return inCreation || mayRetry(piece.ordinaryRetries, retry.maxRetries) ? 'retryLater' : 'fail'
  }
  if (isTooLarge(error)) return piece.logs > 1 ? 'splitByLogs' : 'fail'
  const concernsContent = error.status !== undefined && error.status >= 400 && error.status < 500
  return concernsContent && piece.shares.length > 1 && refusals < MOST_REFUSALS ? 'splitByWrites' : 'fail'
}

function isMissing(error: SlsError): boolean {
  return error.status === 404 && /^(?:project|logstore)not(?:exists?|exsit)$/i.test(error.code)
}

/** The same of a piece that was read from disk, where nobody waits for it: only what is refused for good fails. */
export function judgeStored(error: SlsError, { piece, refusals }: JudgedPiece, { retry }: Patience): Verdict {
  if (error.retryability === 'transient') return 'retryAfterGate'
  if (error.retryability === 'ordinary')
    return retry.maxRetries < 0 || piece.ordinaryRetries < retry.maxRetries ? 'retryLater' : 'retryAfterDisk'
  // What does not come from the service says nothing about the logs: a portal that wants a password, a bug here.
  if (error.status === undefined || error.code === 'BadResponse') return 'retryAfterDisk'
  return piece.logs > 1 && (isTooLarge(error) || refusals < MOST_REFUSALS) ? 'splitByLogs' : 'fail'
}

function isTooLarge(error: SlsError): boolean {
  return error.status === 413 || /^postbodytoolarge$/i.test(error.code)
}
