const WINDOW_SECONDS = 10

/** How much came in per second, over the last ten seconds. */
export class RateMeter {
  readonly #slots = new Float64Array(WINDOW_SECONDS)
  readonly #startedAt: number
  #second: number

  constructor(now: number) {
    this.#startedAt = now
    this.#second = Math.floor(now / 1000)
  }

  add(amount: number, now: number): void {
    this.#advance(now)
    const slot = this.#second % WINDOW_SECONDS
    this.#slots[slot] = (this.#slots[slot] ?? 0) + amount
  }

  perSecond(now: number): number {
    this.#advance(now)
    const seconds = Math.min(WINDOW_SECONDS, Math.max(1, (now - this.#startedAt) / 1000))
    return this.#slots.reduce((sum, amount) => sum + amount, 0) / seconds
  }

  /** The most of any second of these that is over. */
  bestSecond(now: number): number {
    this.#advance(now)
    const current = this.#second % WINDOW_SECONDS
    return this.#slots.reduce((most, amount, slot) => (slot === current ? most : Math.max(most, amount)), 0)
  }

  #advance(now: number): void {
    const second = Math.floor(now / 1000)
    const passed = Math.min(WINDOW_SECONDS, second - this.#second)
    for (let step = 1; step <= passed; step++) this.#slots[(this.#second + step) % WINDOW_SECONDS] = 0
    if (passed > 0) this.#second = second
  }
}
