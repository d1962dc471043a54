import { backoffDelay, type RetryPolicy } from '../client/retry'

/**
 * The shared back-off of all calls to one place. A failure closes it for a while; then one call alone may try, and
 * only its success lets all others through again. So an outage costs one call at a time, whatever is waiting.
 */
export class BackoffGate {
  #failures = 0
  #failedAt = Number.NEGATIVE_INFINITY
  #opensAt = 0
  #probe: object | undefined

  constructor(
    private readonly policy: RetryPolicy,
    private readonly random: () => number
  ) {}

  /** Failures since the last success; calls that were in flight together count as one. */
  get failures(): number {
    return this.#failures
  }

  get isOpen(): boolean {
    return this.#failures === 0
  }

  /** Milliseconds until a call may start, 0 for at once; Infinity while one is out to try. */
  waitAt(now: number): number {
    if (this.#failures === 0) return 0
    return this.#probe === undefined ? Math.max(0, this.#opensAt - now) : Number.POSITIVE_INFINITY
  }

  /** A call starts. */
  begin(call: object): void {
    if (this.#failures > 0) this.#probe = call
  }

  /** The call is over, whatever came of it. */
  end(call: object): void {
    if (this.#probe === call) this.#probe = undefined
  }

  /**
   * A call failed that was started at `startedAt`. Calls that were in flight together count as one failure.
   * @returns milliseconds until the next may start
   */
  fail(startedAt: number, now: number): number {
    if (startedAt >= this.#failedAt) {
      this.#failures++
      this.#failedAt = now
      this.#opensAt = now + backoffDelay(this.policy, this.#failures, this.random)
    }
    return Math.max(0, this.#opensAt - now)
  }

  /** A call started at `startedAt` came through: it says nothing when it was started before the last failure. */
  succeed(startedAt: number): void {
    if (startedAt >= this.#failedAt) this.#failures = 0
  }
}
