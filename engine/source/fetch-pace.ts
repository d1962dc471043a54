/** What a fetch brought, as far as it decides on the next one. */
export interface FetchOutcome {
  /** Log groups read, before a query where there is one. */
  groups: number
  /** The position moved. */
  progress: boolean
  /** The service says that the reader has caught up. */
  endOfCursor: boolean
}

/** The longest wait at the end of a shard, unless the interval that is asked for is longer: ms. */
const idleWait = 1000
/** ms between the pulls of all shards of one client while nothing comes: many that are idle wait longer each. */
const idleGap = 25
const firstPenalty = 250
const largestPenalty = 5000

/**
 * How long a shard's reader waits before its next fetch: not at all while it is behind, `interval` once it has
 * caught up, doubled with each fetch that finds nothing. After an exceeded quota every fetch waits, less with each
 * that succeeds.
 */
export class FetchPace {
  readonly #interval: number
  readonly #random: () => number
  readonly #readers: () => number
  #empty = 0
  #penalty = 0

  /**
   * @param interval ms
   * @param readers shards that are read through the same client
   */
  constructor(interval: number, random: () => number = Math.random, readers: () => number = () => 1) {
    this.#interval = interval
    this.#random = random
    this.#readers = readers
  }

  /** The service refused a fetch because a quota is exceeded. */
  throttled(): void {
    this.#penalty = Math.min(largestPenalty, Math.max(firstPenalty, this.#penalty * 2))
  }

  /** Milliseconds to wait before the next fetch. */
  after(outcome: FetchOutcome): number {
    const penalty = this.#penalty
    this.#penalty = penalty < firstPenalty / 10 ? 0 : penalty * 0.8
    return Math.max(penalty, this.#wait(outcome))
  }

  #wait({ groups, progress, endOfCursor }: FetchOutcome): number {
    const found = groups > 0 || progress
    this.#empty = found ? 0 : this.#empty + 1
    if (found) return endOfCursor ? this.#interval : 0
    const bound = Math.max(idleWait, this.#interval, this.#readers() * idleGap)
    const wait = Math.min(bound, Math.max(this.#interval, 1) * 2 ** Math.min(this.#empty - 1, 30))
    return wait * (1 + this.#random() * 0.1)
  }
}
