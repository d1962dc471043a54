interface Waiting {
  readonly since: number
  fail(error: unknown): void
}

/**
 * Messages whose values are not at hand at once: they are dealt with in the order in which they came, each once.
 * A context store may never answer; what waits for too long is given up and held no longer.
 */
export class ValueQueue {
  private readonly waiting = new Set<Waiting>()
  private last: Promise<void> | undefined

  /** @param now milliseconds of a clock that only goes forward */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Nothing waits, so that what comes next need not either. */
  get isEmpty(): boolean {
    return this.waiting.size === 0
  }

  /**
   * Gets the values when all before are done with, then calls either `ready` or `fail`, neither of which may throw.
   * Resolves after that.
   */
  add<T>(
    values: () => T | Promise<T>,
    ready: (values: T) => void,
    fail: (error: unknown) => void
  ): Promise<void> {
    const entry: Waiting = { since: this.now(), fail }
    this.waiting.add(entry)
    const turn = Promise.resolve(this.last)
      .then(() => (this.waiting.has(entry) ? values() : undefined))
      .then(
        (result) => {
          if (this.waiting.delete(entry)) ready(result as T)
        },
        (error: unknown) => {
          if (this.waiting.delete(entry)) fail(error)
        }
      )
    this.last = turn
    return turn
  }

  /** Resolves when all that waits now is done with; never, where a value never comes. */
  settled(): Promise<void> {
    return Promise.resolve(this.last)
  }

  /** Fails all that has waited for so many milliseconds. */
  giveUp(age: number, error: unknown): void {
    const latest = this.now() - age
    for (const entry of this.waiting) {
      if (entry.since > latest) return
      this.waiting.delete(entry)
      this.last = undefined // what comes next does not wait for what never comes
      entry.fail(error)
    }
  }
}
