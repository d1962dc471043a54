import { SlsError, type SlsErrorDetails } from '../client/errors'

export interface WriteErrorDetails extends SlsErrorDetails {
  /** Logs of the write. */
  logs: number
  /** Logs of the write that the service accepted, or that are on disk. */
  acceptedLogs: number
  /** Place of the log that is wrong, from 0. */
  logIndex?: number
  /** Encoded bytes of the log that is too large. */
  logBytes?: number
  /** Bytes that it may have at most. */
  limitBytes?: number
}

/** Why a write failed, and how much of it was accepted before. */
export class WriteError extends SlsError {
  readonly logs: number
  readonly acceptedLogs: number
  readonly logIndex: number | undefined
  readonly logBytes: number | undefined
  readonly limitBytes: number | undefined

  constructor(code: string, message: string, details: WriteErrorDetails) {
    super(code, message, details)
    this.logs = details.logs
    this.acceptedLogs = details.acceptedLogs
    this.logIndex = details.logIndex
    this.logBytes = details.logBytes
    this.limitBytes = details.limitBytes
  }

  /** The same failure, told of one write. */
  static of(error: SlsError, logs: number, acceptedLogs: number): WriteError {
    const known = error instanceof WriteError ? error : undefined
    const message =
      acceptedLogs === 0 ? error.message : `${error.message} (${acceptedLogs} of ${logs} logs were accepted)`
    const details: WriteErrorDetails = {
      status: error.status,
      requestId: error.requestId,
      retryability: error.retryability,
      hint: error.hint,
      field: error.field,
      attempts: error.attempts,
      cause: error.cause ?? error,
      logs,
      acceptedLogs
    }
    if (known?.logIndex !== undefined) details.logIndex = known.logIndex
    return new WriteError(error.code, message, details)
  }
}

/** What was thrown, as the engine's one error type. */
export function asSlsError(thrown: unknown): SlsError {
  if (thrown instanceof SlsError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new SlsError('Unexpected', message, { cause: thrown })
}
