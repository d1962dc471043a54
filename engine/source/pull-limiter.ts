import type { PullLogsRequest, PullResult } from '../client/calls/pull-logs'
import { SlsError } from '../client/errors'
import type { Clock } from './clock'
import { abortable } from './condition'
import { isProjectQuotaExceeded } from './error-kinds'
import { PullRounds } from './pull-rounds'
import type { SourceClient } from './source-client'

/** Pulls under way at once through one client. */
const mostPulls = 16

/** ms between the starts of two pulls, once the project's quota is exceeded. */
const firstGap = 20
const largestGap = 2000
/** Below that there is none any more. */
const smallestGap = 2

/**
 * Shares out the pulls of all sources that read through one client: so many at once, first come, first served. Where
 * the quota of the whole project is exceeded, pulls start apart from each other, further with each refusal and closer
 * with each success, so that none of the readers comes back with a burst.
 */
export class PullLimiter {
  static readonly #shared = new WeakMap<SourceClient, PullLimiter>()
  readonly #client: SourceClient
  readonly #clock: Clock
  readonly #waiting: (() => void)[] = []
  /** When those who wait for long pull again. */
  readonly rounds: PullRounds
  /** Shards that are read through the client, by whatever source. */
  readers = 0
  #running = 0
  #gap = 0
  #lastStart = Number.NEGATIVE_INFINITY
  /** Resolves when all who wait for their start have had it. */
  #lastInLine: Promise<void> = Promise.resolve()
  #lastRaise = Number.NEGATIVE_INFINITY

  private constructor(client: SourceClient, clock: Clock, random: () => number) {
    this.#client = client
    this.#clock = clock
    this.rounds = new PullRounds(clock, random)
  }

  /** The one of this client. */
  static of(client: SourceClient, clock: Clock, random: () => number): PullLimiter {
    const known = PullLimiter.#shared.get(client)
    if (known !== undefined) return known
    const limiter = new PullLimiter(client, clock, random)
    PullLimiter.#shared.set(client, limiter)
    return limiter
  }

  /** ms between the starts of pulls; 0 while no quota is exceeded. */
  get gap(): number {
    return this.#gap
  }

  /** @throws SlsError of the client, or `Aborted` */
  async pullLogs(request: PullLogsRequest, signal: AbortSignal): Promise<PullResult> {
    if (this.#gap > 0) await this.#awaitStart(signal)
    await this.#enter(signal)
    try {
      const result = await abortable(this.#client.pullLogs(request, signal), signal)
      this.#gap = this.#gap * 0.9 < smallestGap ? 0 : this.#gap * 0.9
      return result
    } catch (error) {
      if (error instanceof SlsError && isProjectQuotaExceeded(error)) this.#raise()
      throw error
    } finally {
      this.#running--
      this.#waiting.shift()?.()
    }
  }

  /** One after the other, as far apart as it is right when their turn comes. */
  async #awaitStart(signal: AbortSignal): Promise<void> {
    const before = this.#lastInLine
    let leave = (): void => undefined
    this.#lastInLine = new Promise((resolve) => {
      leave = resolve
    })
    try {
      await abortable(before, signal)
      const wait = this.#gap - this.#since(this.#lastStart)
      if (this.#gap > 0 && wait > 0) await this.#clock.delay(wait, signal)
      this.#lastStart = this.#clock.now()
    } finally {
      void before.then(leave)
    }
  }

  /** Many that were refused at the same time count once. */
  #raise(): void {
    if (this.#since(this.#lastRaise) < this.#gap) return
    this.#lastRaise = this.#clock.now()
    this.#gap = Math.min(largestGap, Math.max(firstGap, this.#gap * 2))
  }

  /** ms; long ago where the clock was set back meanwhile. */
  #since(time: number): number {
    const passed = this.#clock.now() - time
    return passed < 0 ? Number.POSITIVE_INFINITY : passed
  }

  #enter(signal: AbortSignal): Promise<void> {
    if (this.#running < mostPulls && !signal.aborted) {
      this.#running++
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const aborted = () => {
        const index = this.#waiting.indexOf(enter)
        if (index >= 0) this.#waiting.splice(index, 1)
        reject(new SlsError('Aborted', 'The wait for a turn was aborted'))
      }
      const enter = () => {
        signal.removeEventListener('abort', aborted)
        this.#running++
        resolve()
      }
      if (signal.aborted) {
        aborted()
        return
      }
      signal.addEventListener('abort', aborted, { once: true })
      this.#waiting.push(enter)
    })
  }
}
