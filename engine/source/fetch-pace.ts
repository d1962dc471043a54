/** What a fetch brought, as far as it decides on the next one. */
export interface FetchOutcome {
  /** Log groups read, before a query where there is one. */
  groups: number
  /** The position moved. */
  progress: boolean
  /** The service says that the reader has caught up. */
  endOfCursor: boolean
}

/** ms: the longest wait at the end of a shard in which something came lately, unless the interval is longer. */
const idleWait = 1000
/** ms: the longest wait where nothing has come for long. */
const silentWait = 3000
/** A shard waits this share of the time for which it has been silent. */
const silentShare = 0.1
/** ms between the pulls of all shards of one client while nothing comes: many that are idle wait longer each. */
const idleGap = 60
const firstPenalty = 250
const largestPenalty = 5000

/**
 * How long a shard's reader waits before its next fetch: not at all while it is behind, `interval` once it has
 * caught up, doubled with each fetch that finds nothing, and in the end longer the longer nothing comes. After an
 * exceeded quota every fetch waits, less with each that succeeds.
 */
export class FetchPace {
  readonly #interval: number
  readonly #random: () => number
  readonly #readers: () => number
  #empty = 0
  /** ms waited since something was found. */
  #silence = 0
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
    if (groups > 0 || progress) {
      this.#empty = 0
      this.#silence = 0
      return endOfCursor ? this.#interval : 0
    }
    const silent = Math.min(silentWait, this.#silence * silentShare)
    const bound = Math.max(idleWait, this.#interval, this.#readers() * idleGap, silent)
    const wait = Math.min(bound, Math.max(this.#interval, 1) * 2 ** Math.min(this.#empty, 30))
    this.#empty++
    this.#silence += wait
    return wait * (1 + this.#random() * 0.1)
  }
}
