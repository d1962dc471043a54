import { RateMeter } from './rate-meter'

/** A throttled call halves the rate; from then on it grows by so much of the throttled rate a second. */
const THROTTLED = 0.5
const GROWTH_PER_SECOND = 1 / 30
/** The bound is forgotten when it has grown to so many times the rate that was throttled, or has not been used. */
const FORGET_AT = 2
const IDLE = 60_000
/** Milliseconds after the last throttling for which the rate is still measured. */
const WATCHED = 15_000
/** Quotas are counted by the second: what is throttled within one counts once. */
const TOGETHER = 1000

/**
 * Bytes a second to one place: no bound until the service throttles it, then additive increase and multiplicative
 * decrease, so that the rate settles near what the place takes.
 */
export class Pace {
  #limit = Number.POSITIVE_INFINITY
  /** The rate at which it was throttled last. */
  #throttledRate = 0
  #throttledAt = Number.NEGATIVE_INFINITY
  #grownAt = 0
  #readyAt = 0
  readonly #accepted: RateMeter

  /** @param longestWait milliseconds that a call waits at most for its turn */
  constructor(
    now: number,
    private readonly longestWait: number
  ) {
    this.#accepted = new RateMeter(now)
  }

  /** Bytes a second; undefined without a bound. */
  limitAt(now: number): number | undefined {
    if (now - this.#grownAt > IDLE) this.#limit = Number.POSITIVE_INFINITY
    return Number.isFinite(this.#limit) ? Math.round(this.#limit) : undefined
  }

  /** True when nothing of it has to be remembered. */
  isCalmAt(now: number): boolean {
    return this.limitAt(now) === undefined && now - this.#throttledAt > WATCHED
  }

  /** Milliseconds until the next call may start. */
  waitAt(now: number): number {
    return this.limitAt(now) === undefined ? 0 : Math.max(0, Math.ceil(this.#readyAt - now))
  }

  /** A call with so many bytes starts. */
  begin(bytes: number, now: number): void {
    // What was sent in quiet times says little of what the place takes of a burst.
    if (this.limitAt(now) !== undefined)
      this.#readyAt = now + Math.min((bytes * 1000) / this.#limit, this.longestWait)
  }

  /** A call started at `startedAt` was refused for its rate. */
  throttled(startedAt: number, now: number): void {
    if (startedAt < this.#throttledAt + TOGETHER) return
    // What was taken in one of the last seconds is taken again, whatever else the quota went to meanwhile.
    const rate = Math.max(this.limitAt(now) ?? 0, this.#accepted.bestSecond(now))
    this.#throttledAt = now
    this.#grownAt = now
    if (rate <= 0) return
    this.#throttledRate = rate
    this.#limit = rate * THROTTLED
  }

  /** The service took so many bytes. */
  succeeded(bytes: number, now: number): void {
    this.#accepted.add(bytes, now)
    if (this.limitAt(now) === undefined) return
    const seconds = Math.min(1, (now - this.#grownAt) / 1000)
    this.#grownAt = now
    this.#limit += this.#throttledRate * GROWTH_PER_SECOND * seconds
    this.#settleAbove(this.#accepted.bestSecond(now))
    if (this.#limit >= this.#throttledRate * FORGET_AT) this.#limit = Number.POSITIVE_INFINITY
  }

  /** More was taken in a second than when the place was throttled: half of it at least is taken again. */
  #settleAbove(rate: number): void {
    if (rate * THROTTLED <= this.#limit) return
    this.#throttledRate = rate
    this.#limit = rate * THROTTLED
  }
}
