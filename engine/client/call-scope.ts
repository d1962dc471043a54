import { SlsError } from './errors'
import { checkSignal } from './option-checks'

/**
 * The life of one call: it ends when its work is done, or before that by the caller's signal, the time-out or
 * `cancel`, whichever comes first. Must be ended.
 */
export class CallScope {
  readonly #signal: AbortSignal | undefined
  readonly #timer: NodeJS.Timeout
  #error: SlsError | undefined
  #onCancel: ((error: SlsError) => void) | undefined

  /** @param timeout Milliseconds for the whole call. */
  constructor(name: string, timeout: number, signal: AbortSignal | undefined) {
    checkSignal(signal)
    this.#signal = signal
    this.#timer = setTimeout(() => {
      this.cancel(
        new SlsError('RequestTimeout', `${name} took more than ${timeout} ms`, {
          retryability: 'transient',
          hint: 'Raise requestTimeout if the link is slow'
        })
      )
    }, timeout)
    if (signal?.aborted) this.#aborted()
    else signal?.addEventListener('abort', this.#aborted)
  }

  /** Makes the work that is waiting fail with `error`, and all that this scope is asked for afterwards. */
  cancel(error: SlsError): void {
    if (this.#error !== undefined) return
    this.#error = error
    this.#onCancel?.(error)
  }

  throwIfCancelled(): void {
    if (this.#error !== undefined) throw this.#error
  }

  /** Calls `listener` once when the scope is cancelled, at once if it was; a later listener replaces it. */
  onCancel(listener: (error: SlsError) => void): void {
    this.#onCancel = listener
    if (this.#error !== undefined) listener(this.#error)
  }

  /** The promise's outcome, or the rejection that a cancelled scope asks for. */
  race<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.onCancel(reject)
      promise.then(resolve, reject)
    })
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#aborted)
    this.#onCancel = undefined
  }

  readonly #aborted = (): void => {
    this.cancel(new SlsError('Aborted', 'The call was aborted by its caller'))
  }
}
