import type { Clock } from './clock'

/** A time that runs out, unless it is ended before. */
export class Lease {
  readonly #end = new AbortController()

  /** @param ms from now on, by a timer: whatever happens to the clock of the machine */
  constructor(clock: Clock, ms: number, expired: () => void) {
    clock.delay(ms, this.#end.signal).then(expired, () => undefined)
  }

  end(): void {
    this.#end.abort()
  }
}
