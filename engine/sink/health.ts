import type { SlsError } from '../client/errors'
import type { ErrorEvent, RetryEvent, SinkEmitter } from './events'

/** Logstores in trouble that are remembered: names come from messages, so there may be any number of wrong ones. */
const MOST_TROUBLED = 100

export interface LastError {
  code: string
  message: string
  logstore: string
  /** Milliseconds until the next attempt, where there is one. */
  retryIn?: number
}

/** Which logstores do not take logs at present, and what went wrong last; tells listeners of it. */
export class Health {
  /** When the trouble began, by logstore. */
  readonly #troubled = new Map<string, number>()
  readonly #failed = new Set<string>()
  #last: { error: SlsError; logstore: string; retryAt: number | undefined } | undefined

  constructor(private readonly emitter: SinkEmitter) {}

  /** Logs failed, and nothing was accepted there since. */
  get isFailing(): boolean {
    return this.#failed.size > 0
  }

  lastError(now: number): LastError | undefined {
    if (this.#last === undefined) return undefined
    const { error, logstore, retryAt } = this.#last
    const last: LastError = { code: error.code, message: error.message, logstore }
    if (retryAt !== undefined && this.#troubled.has(logstore))
      last.retryIn = Math.round(Math.max(0, retryAt - now))
    return last
  }

  willRetry(retry: RetryEvent, now: number): void {
    const { error, logstore, delay } = retry
    this.#remember(logstore, now)
    this.#last = { error, logstore, retryAt: now + delay }
    this.emitter.emit('retry', retry)
  }

  failed(failure: ErrorEvent, now: number): void {
    const { error, logstore } = failure
    this.#remember(logstore, now)
    this.#failed.add(logstore)
    this.#last = { error, logstore, retryAt: undefined }
    this.emitter.emit('error', failure)
  }

  succeeded(logstore: string, now: number): void {
    const since = this.#troubled.get(logstore)
    if (since === undefined) return
    this.#troubled.delete(logstore)
    this.#failed.delete(logstore)
    this.emitter.emit('recovered', { logstore, after: Math.round(now - since) })
  }

  #remember(logstore: string, now: number): void {
    if (this.#troubled.has(logstore)) return
    if (this.#troubled.size >= MOST_TROUBLED) {
      const [oldest] = this.#troubled.keys()
      if (oldest !== undefined) {
        this.#troubled.delete(oldest)
        this.#failed.delete(oldest)
      }
    }
    this.#troubled.set(logstore, now)
  }
}
