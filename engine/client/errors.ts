/**
 * How an error may be retried:
 * `never` (the same call can only fail again), `ordinary` (may pass: at most `maxRetries` times),
 * `transient` (network, 5xx, quota: at most `maxRetriesRetryable` times).
 */
export type Retryability = 'never' | 'ordinary' | 'transient'

/** Codes made on this side of the wire. Every other `code` is the service's own `errorCode`. */
export type LocalErrorCode =
  | 'InvalidOption'
  | 'InvalidLog'
  | 'LogTooLarge'
  | 'NetworkError'
  | 'ConnectTimeout'
  | 'RequestTimeout'
  | 'Aborted'
  | 'Closed'
  | 'BadResponse'
  | 'CorruptBody'
  | 'CredentialsUnavailable'
  | 'BufferFull'
  | 'Dropped'
  | 'Spool'
  | 'State'
  | 'AckTimeout'
  | 'PoisonLog'
  | 'InvalidCursor'
  | 'Unexpected'

export interface SlsErrorDetails {
  /** HTTP status of the answer, when there was one. */
  status?: number | undefined
  /** The service's request id (`x-log-requestid`). */
  requestId?: string | undefined
  retryability?: Retryability
  /** What the reader of the message can do about it. */
  hint?: string | undefined
  /** The option, property or field that is wrong, and only where one is. */
  field?: string | undefined
  /** How many calls were made before this error was given to the caller. */
  attempts?: number
  cause?: unknown
}

/** The one error type of the engine. `message` never holds a secret. */
export class SlsError extends Error {
  override readonly name = 'SlsError'
  readonly code: LocalErrorCode | (string & {})
  readonly status: number | undefined
  readonly requestId: string | undefined
  readonly retryability: Retryability
  readonly hint: string | undefined
  readonly field: string | undefined
  attempts: number

  constructor(code: LocalErrorCode | (string & {}), message: string, details: SlsErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.status = details.status
    this.requestId = details.requestId
    this.retryability = details.retryability ?? 'never'
    this.hint = details.hint
    this.field = details.field
    this.attempts = details.attempts ?? 1
  }

  /** True where the error says that an option or a record is wrong, so that only its owner can mend it. */
  get isInputError(): boolean {
    return this.code === 'InvalidOption' || this.code === 'InvalidLog' || this.code === 'LogTooLarge'
  }

  /** One line for people: what, where (status, request id, attempts) and what to do. */
  describe(): string {
    const facts = [
      this.status === undefined ? '' : `HTTP ${this.status}`,
      this.requestId === undefined ? '' : `request ${this.requestId}`,
      this.attempts > 1 ? `${this.attempts} attempts` : ''
    ].filter((fact) => fact !== '')
    const where = facts.length === 0 ? '' : ` (${facts.join(', ')})`
    return `${this.code}: ${this.message}${where}${this.hint === undefined ? '' : `. ${this.hint}`}`
  }
}
