import type { IncomingHttpHeaders } from 'node:http'

/** Milliseconds that the clocks may be apart before it matters. */
const TOLERANCE = 60_000

/**
 * The service's time, as its answers tell it: calls are signed with it, since the service refuses those that are 15
 * minutes off. This machine's time is taken until an answer shows that it is a minute off or more.
 */
export class ServiceClock {
  #offset = 0

  /**
   * @param clock this machine's, Unix milliseconds
   * @param onSkew told when the clocks are found a minute apart or more, or no longer so
   */
  constructor(
    private readonly clock: () => number,
    private readonly onSkew: (offset: number) => void
  ) {}

  /** Unix milliseconds. */
  now(): number {
    return this.clock() + this.#offset
  }

  /** Milliseconds that the service is ahead of this machine. */
  get offset(): number {
    return this.#offset
  }

  /**
   * Learns from an answer's `x-log-time` (Unix seconds) or else Date.
   * @param refused the service refused the call for its time
   */
  learn(headers: IncomingHttpHeaders, refused: boolean): void {
    const time = timeOf(headers)
    if (!Number.isFinite(time)) return
    const offset = time - this.clock()
    if (!refused && Math.abs(offset - this.#offset) < TOLERANCE) return
    const apart = Math.abs(offset - this.#offset) >= TOLERANCE
    this.#offset = refused || Math.abs(offset) >= TOLERANCE ? offset : 0
    if (apart) this.onSkew(this.#offset)
  }
}

function timeOf(headers: IncomingHttpHeaders): number {
  const logTime = headers['x-log-time']
  if (typeof logTime === 'string' && /^\d{1,11}$/.test(logTime)) return Number(logTime) * 1000
  return Date.parse(headers.date ?? '')
}
