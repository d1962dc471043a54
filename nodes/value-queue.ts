interface Waiting {
  readonly since: number
  fail(error: unknown): void
  /** Lets those behind it go on. */
  leave(): void
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
    const entry: Waiting = { since: this.now(), fail, leave: () => undefined }
    const left = new Promise<void>((resolve) => {
      entry.leave = resolve
    })
    this.waiting.add(entry)
    const work = Promise.resolve(this.last)
      .then(() => (this.waiting.has(entry) ? values() : undefined))
      .then(
        (result) => {
          if (this.waiting.delete(entry)) ready(result as T)
        },
        (error: unknown) => {
          if (this.waiting.delete(entry)) fail(error)
        }
      )
    this.last = Promise.race([work, left])
    return this.last
  }

  /** Resolves when all that waits now is done with or given up. */
  settled(): Promise<void> {
    return Promise.resolve(this.last)
  }

  /** Fails all that has waited for so many milliseconds; what is behind it goes on, in its order. */
  giveUp(age: number, error: unknown): void {
    const latest = this.now() - age
    for (const entry of this.waiting) {
      if (entry.since > latest) return
      this.waiting.delete(entry)
      entry.leave()
      entry.fail(error)
    }
  }
}
