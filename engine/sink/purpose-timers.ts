import type { SinkClock } from './clock'

/** One timer for each purpose: the first that is asked for. */
export class PurposeTimers<Purpose extends string> {
  readonly #cancels = new Map<Purpose, () => void>()
  #stopped = false

  constructor(private readonly clock: SinkClock) {}

  /** Does the task after `delay` milliseconds, unless one for the same purpose is waiting. */
  after(purpose: Purpose, delay: number, task: () => void): void {
    if (this.#stopped || this.#cancels.has(purpose)) return
    const cancel = this.clock.after(delay, () => {
      this.#cancels.delete(purpose)
      task()
    })
    this.#cancels.set(purpose, cancel)
  }

  /** No task is done any more. */
  stop(): void {
    this.#stopped = true
    for (const cancel of this.#cancels.values()) cancel()
    this.#cancels.clear()
  }
}
