import { SlsError } from '../client/errors'

/** Lets any number of waiters look again when something they depend on changed. */
export class Condition {
  readonly #waiters = new Set<() => void>()

  changed(): void {
    for (const waiter of this.#waiters) waiter()
  }

  /**
   * Resolves as soon as `holds` is true: looked at now and after each change.
   * @throws SlsError `Aborted` when the signal is aborted.
   */
  until(holds: () => boolean, signal: AbortSignal): Promise<void> {
    if (!signal.aborted && holds()) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiters.delete(look)
        signal.removeEventListener('abort', aborted)
      }
      const aborted = () => {
        leave()
        reject(new SlsError('Aborted', 'The wait was aborted'))
      }
      const look = () => {
        if (!holds()) return
        leave()
        resolve()
      }
      if (signal.aborted) {
        aborted()
        return
      }
      signal.addEventListener('abort', aborted, { once: true })
      this.#waiters.add(look)
    })
  }
}

/**
 * What `promise` becomes.
 * @throws SlsError `Aborted` as soon as the signal is aborted; what the promise becomes then is of no interest
 */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(new SlsError('Aborted', 'The wait was aborted'))
    if (signal.aborted) aborted()
    signal.addEventListener('abort', aborted, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted))
  })
}
