/** How often log groups could not be decoded, whatever became of their readers meanwhile. */
export class Damages {
  readonly #counts = new Map<string, number>()

  /** Counts one more time. */
  count(logstore: string, shard: number, position: bigint): number {
    const key = `${logstore}/${shard}/${position}`
    const count = (this.#counts.get(key) ?? 0) + 1
    this.#counts.set(key, count)
    return count
  }
}
