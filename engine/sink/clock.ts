/** The time a sink goes by. */
export interface SinkClock {
  /** Milliseconds from any fixed instant, never going back: waits must not depend on a machine's date. */
  now(): number
  /** Unix milliseconds, as the machine's date has it: only for what outlives the process. */
  date(): number
  /** Runs `task` once, `delay` milliseconds from now. The returned function cancels it. */
  after(delay: number, task: () => void): () => void
}

export const systemClock: SinkClock = {
  now: () => performance.now(),
  date: () => Date.now(),
  after(delay, task) {
    const timer = setTimeout(task, delay)
    return () => clearTimeout(timer)
  }
}
