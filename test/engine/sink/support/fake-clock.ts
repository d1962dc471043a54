import type { SinkClock } from '../../../../engine/sink/clock'

interface Timer {
  due: number
  task: () => void
}

/** Time that stands still until it is told to pass. */
export class FakeClock implements SinkClock {
  #now = 0
  readonly #timers = new Set<Timer>()

  now(): number {
    return this.#now
  }

  date(): number {
    return 1_700_000_000_000 + this.#now
  }

  after(delay: number, task: () => void): () => void {
    const timer = { due: this.#now + delay, task }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  get pendingTimers(): number {
    return this.#timers.size
  }

  /** Lets `ms` milliseconds pass: every timer runs at its time, and all promises that can settle do. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settle()
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.due)
      next.task()
      await settle()
    }
    this.#now = end
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers)
      if (timer.due <= end && timer.due < (first?.due ?? Infinity)) first = timer
    return first
  }
}

/** Runs all jobs that wait for nothing but their turn. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 3; round++) await new Promise((resolve) => setImmediate(resolve))
}
