import { SlsError } from '../client/errors'
import type { Clock } from './clock'

/** ms: who waits less goes on when it wants to. */
const shortestWait = 1000
/** ms between rounds; those who wait twice as long take every other, and four times as long every fourth. */
const period = 250
const longestPeriod = 1000

interface Round {
  readonly waiters: Set<() => void>
  readonly stop: AbortController
}

/**
 * Lets readers that wait for long go on together: a process at rest pays each time that it is woken, and that can be
 * more than what it is woken for. Rounds of different clients begin at different moments.
 */
export class PullRounds implements Pick<Clock, 'delay'> {
  readonly #clock: Clock
  readonly #phase: number
  readonly #rounds = new Map<number, Round>()

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock
    this.#phase = Math.floor(random() * longestPeriod)
  }

  /**
   * Waits for the last round that begins within `ms` milliseconds.
   * @throws SlsError `Aborted` as soon as the signal is aborted
   */
  delay(ms: number, signal: AbortSignal): Promise<void> {
    if (ms < shortestWait || signal.aborted) return this.#clock.delay(ms, signal)
    const step = Math.min(longestPeriod, period * 2 ** Math.floor(Math.log2(ms / shortestWait)))
    const at = Math.floor((this.#clock.now() + ms - this.#phase) / step) * step + this.#phase
    const { waiters, stop } = this.#rounds.get(at) ?? this.#open(at)
    return new Promise((resolve, reject) => {
      const begin = () => {
        signal.removeEventListener('abort', aborted)
        resolve()
      }
      const aborted = () => {
        waiters.delete(begin)
        if (waiters.size === 0) this.#drop(at, stop)
        reject(new SlsError('Aborted', 'The wait was aborted'))
      }
      signal.addEventListener('abort', aborted, { once: true })
      waiters.add(begin)
    })
  }

  /** @param at Unix milliseconds */
  #open(at: number): Round {
    const round = { waiters: new Set<() => void>(), stop: new AbortController() }
    this.#rounds.set(at, round)
    void this.#run(at, round)
    return round
  }

  async #run(at: number, { waiters, stop }: Round): Promise<void> {
    try {
      await this.#clock.delay(at - this.#clock.now(), stop.signal)
    } catch {
      return
    }
    this.#rounds.delete(at)
    for (const begin of waiters) begin()
  }

  /** Nobody waits for it any more. */
  #drop(at: number, stop: AbortController): void {
    this.#rounds.delete(at)
    stop.abort()
  }
}
