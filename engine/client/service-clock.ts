import type { ResponseHeaders } from './http/response-head'

/** Milliseconds that the clocks may be apart before it matters. */
const TOLERANCE = 60_000
/** Milliseconds for which this machine's clock is believed once it was compared: to do so costs more than to read it. */
const BELIEVED_FOR = 1000

/**
 * The service's time, as its answers tell it: calls are signed with it, since the service refuses those that are 15
 * minutes off. This machine's time is taken until an answer shows that it is a minute off or more. Where this machine's
 * clock is set between two answers, the service's time goes on.
 */
export class ServiceClock {
  #offset = 0
  #isKnown = false
  /** Milliseconds that this machine's clock was ahead of the steady one when they were last read. */
  #ahead: number
  /** This machine's time when they were last read. */
  #compared = Number.NEGATIVE_INFINITY

  /**
   * @param clock this machine's, Unix milliseconds
   * @param onSkew told when the clocks are found a minute apart or more, or no longer so
   * @param steady milliseconds from any fixed instant, never going back; it may rest while the machine sleeps
   */
  constructor(
    private readonly clock: () => number,
    private readonly onSkew: (offset: number) => void,
    private readonly steady: () => number = () => performance.now()
  ) {
    this.#ahead = clock() - steady()
  }

  /** Unix milliseconds. */
  now(): number {
    const time = this.#machineTime()
    return time + this.#offset
  }

  /** Milliseconds that the service is ahead of this machine. */
  get offset(): number {
    this.#machineTime()
    return this.#offset
  }

  /**
   * Learns from an answer's `x-log-time` (Unix seconds) or else Date.
   * @param refused the service refused the call for its time
   */
  learn(headers: ResponseHeaders, refused: boolean): void {
    const time = timeOf(headers)
    if (!Number.isFinite(time)) return
    const offset = time - this.#machineTime()
    this.#isKnown = true
    if (!refused && Math.abs(offset - this.#offset) < TOLERANCE) return
    this.#take(refused || Math.abs(offset) >= TOLERANCE ? offset : 0, offset)
  }

  /** This machine's time; first follows a clock that was set. One that is ahead at once may just have slept. */
  #machineTime(): number {
    const time = this.clock()
    if (time >= this.#compared && time < this.#compared + BELIEVED_FOR) return time
    this.#compared = time
    const ahead = time - this.steady()
    const jump = ahead - this.#ahead
    this.#ahead = ahead
    if (Math.abs(jump) < TOLERANCE || !this.#isKnown) return time
    const offset = this.#offset - jump
    if (this.#offset !== 0 && Math.abs(offset) < TOLERANCE) this.#take(0, offset)
    else if (jump < 0) this.#take(offset, offset)
    return time
  }

  /** @param found what was found, of which `offset` may be a tolerant view */
  #take(offset: number, found: number): void {
    const apart = Math.abs(found - this.#offset) >= TOLERANCE
    this.#offset = offset
    if (apart) this.onSkew(offset)
  }
}

function timeOf(headers: ResponseHeaders): number {
  const logTime = headers['x-log-time']
  if (typeof logTime === 'string' && /^\d{1,11}$/.test(logTime)) return Number(logTime) * 1000
  return Date.parse(headers['date'] ?? '')
}
