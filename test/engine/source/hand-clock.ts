import type { Clock } from '../../../engine/source/clock'

/** A clock for service and source that runs only when told to. */
export class HandClock {
  #now = Math.floor(Date.now() / 1000) * 1000

  readonly now = (): number => this.#now

  get seconds(): number {
    return Math.floor(this.#now / 1000)
  }

  pass(ms: number): void {
    this.#now += ms
  }

  /** Waits are real, and short. */
  get source(): Clock {
    return {
      now: this.now,
      delay: (ms, signal) =>
        new Promise((resolve, reject) => {
          const aborted = () => {
            clearTimeout(timer)
            reject(new Error('aborted'))
          }
          const timer = setTimeout(
            () => {
              signal?.removeEventListener('abort', aborted)
              resolve()
            },
            Math.min(ms, 5)
          )
          signal?.addEventListener('abort', aborted, { once: true })
        })
    }
  }
}
