import { SlsError } from '../../../engine/client/errors'
import type { Clock } from '../../../engine/source/clock'

interface Timer {
  readonly at: number
  fire(): void
}

/** Time that jumps to the next timer as soon as everything that can be done without time is done. */
export class VirtualClock implements Clock {
  #now = 1_700_000_000_000
  readonly #timers = new Set<Timer>()
  #working = 0
  #turning: NodeJS.Immediate | undefined

  now(): number {
    return this.#now
  }

  /** Time stands still as long as this goes on. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#working++
    try {
      return await work
    } finally {
      this.#working--
    }
  }

  delay(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        this.#timers.delete(timer)
        signal?.removeEventListener('abort', aborted)
      }
      const timer: Timer = {
        at: this.#now + ms,
        fire: () => {
          settle()
          resolve()
        }
      }
      const aborted = () => {
        settle()
        reject(new SlsError('Aborted', 'The wait was aborted'))
      }
      this.#timers.add(timer)
      if (signal?.aborted === true) aborted()
      else signal?.addEventListener('abort', aborted, { once: true })
      this.#turn()
    })
  }

  #turn(): void {
    if (this.#turning !== undefined || this.#timers.size === 0) return
    this.#turning = setImmediate(() => {
      this.#turning = undefined
      if (this.#working > 0) {
        this.#turn()
        return
      }
      const at = Math.min(...[...this.#timers].map((timer) => timer.at))
      this.#now = Math.max(this.#now, at)
      for (const timer of [...this.#timers]) if (timer.at <= this.#now) timer.fire()
      this.#turn()
    })
  }
}
