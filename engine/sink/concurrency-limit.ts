/** A throttled call halves the limit, a slow one takes a tenth off. */
const THROTTLED = 0.5
const SLOWED = 0.9
/** How fast the mean latency follows, and how far above it a call is called slow: twice it, and three deviations. */
const FOLLOW = 0.1
const SLOW_FACTOR = 2
const SLOW_DEVIATIONS = 3
/** Calls before the mean is trusted. */
const WARM_UP = 10

/** Requests in flight to one logstore: additive increase, multiplicative decrease. */
export class ConcurrencyLimit {
  #limit: number
  #decreasedAt = Number.NEGATIVE_INFINITY
  #calls = 0
  #mean = 0
  #deviation = 0

  /** @param adaptive false keeps the limit at `most` */
  constructor(
    private readonly most: number,
    private readonly adaptive: boolean
  ) {
    this.#limit = most
  }

  get current(): number {
    return Math.floor(this.#limit)
  }

  get isFull(): boolean {
    return this.#limit >= this.most
  }

  /** The service refused a call for its rate. */
  throttled(startedAt: number, now: number): void {
    this.#decrease(THROTTLED, startedAt, now)
  }

  /** @param saturated whether as many calls were in flight as the limit allows */
  succeeded(startedAt: number, now: number, saturated: boolean): void {
    const latency = now - startedAt
    if (this.#isSlow(latency)) this.#decrease(SLOWED, startedAt, now)
    else if (saturated) this.#limit = Math.min(this.most, this.#limit + 1 / this.#limit)
    this.#observe(latency)
  }

  /** Calls that were in flight together count once. */
  #decrease(factor: number, startedAt: number, now: number): void {
    if (!this.adaptive || startedAt < this.#decreasedAt) return
    this.#limit = Math.max(1, this.#limit * factor)
    this.#decreasedAt = now
  }

  #isSlow(latency: number): boolean {
    if (this.#calls < WARM_UP) return false
    return latency > this.#mean * SLOW_FACTOR && latency > this.#mean + SLOW_DEVIATIONS * this.#deviation
  }

  #observe(latency: number): void {
    const share = Math.max(FOLLOW, 1 / (this.#calls + 1))
    this.#deviation += share * (Math.abs(latency - this.#mean) - this.#deviation)
    this.#mean += share * (latency - this.#mean)
    this.#calls++
  }
}
