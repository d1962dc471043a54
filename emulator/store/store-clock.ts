/** Time of the service, and cursors that no shard has had before. */
export class StoreClock {
  #lastSeed = 0n

  /** `now`: Unix milliseconds. */
  constructor(readonly now: () => number) {}

  /** Unix seconds. */
  seconds(): number {
    return Math.floor(this.now() / 1000)
  }

  /** First cursor of a new shard: nanoseconds of its creation, a second apart from every other at least. */
  nextCursorSeed(): bigint {
    const nanoseconds = BigInt(Math.floor(this.now())) * 1_000_000n
    const least = this.#lastSeed + 1_000_000_000n
    this.#lastSeed = nanoseconds > least ? nanoseconds : least
    return this.#lastSeed
  }
}
