/** Seconds over which a rate is taken. */
const span = 5

/** Events a second, over the last seconds. */
export class RateMeter {
  readonly #now: () => number
  readonly #counts = new Array<number>(span + 1).fill(0)
  #second: number

  /** @param now Unix milliseconds */
  constructor(now: () => number) {
    this.#now = now
    this.#second = Math.floor(now() / 1000)
  }

  add(count: number): void {
    this.#turn()
    const slot = this.#second % this.#counts.length
    this.#counts[slot] = (this.#counts[slot] ?? 0) + count
  }

  /** The mean of the last full seconds. */
  get perSecond(): number {
    this.#turn()
    const current = this.#counts[this.#second % this.#counts.length] ?? 0
    const sum = this.#counts.reduce((total, count) => total + count, 0) - current
    return Math.round(sum / span)
  }

  #turn(): void {
    const second = Math.floor(this.#now() / 1000)
    // Where the clock was set back it begins anew.
    const passed = second < this.#second ? this.#counts.length : second - this.#second
    for (let step = 0; step < Math.min(passed, this.#counts.length); step++)
      this.#counts[(second - step) % this.#counts.length] = 0
    this.#second = second
  }
}
