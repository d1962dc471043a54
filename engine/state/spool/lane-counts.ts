const LANES = 65_536

/** Records by lane that are on disk or on their way there. Lanes may share a number: then they are counted as one. */
export class LaneCounts {
  readonly #counts = new Int32Array(LANES)

  count(lane: number, by: 1 | -1): void {
    const index = lane & (LANES - 1)
    this.#counts[index] = (this.#counts[index] ?? 0) + by
  }

  holds(lane: number): boolean {
    return (this.#counts[lane & (LANES - 1)] ?? 0) > 0
  }

  clear(): void {
    this.#counts.fill(0)
  }
}
