/** Whole numbers, kept as ranges: made for numbers that come nearly in order. */
export class SequenceSet {
  /** [from, to), ascending, with a gap between any two. */
  readonly #ranges: [from: number, to: number][] = []

  /** The ranges [from, to), ascending. */
  get ranges(): readonly (readonly [from: number, to: number])[] {
    return this.#ranges
  }

  /** Above every number in it; 0 where it is empty. */
  get end(): number {
    return this.#ranges.at(-1)?.[1] ?? 0
  }

  has(value: number): boolean {
    const range = this.#ranges[this.#after(value) - 1]
    return range !== undefined && value < range[1]
  }

  /** Adds [from, to). */
  add(from: number, to: number = from + 1): void {
    if (to <= from) return
    let first = this.#after(from)
    const before = this.#ranges[first - 1]
    if (before !== undefined && before[1] >= from) first--
    let last = first
    let low = from
    let high = to
    for (
      let range = this.#ranges[last];
      range !== undefined && range[0] <= high;
      range = this.#ranges[++last]
    ) {
      low = Math.min(low, range[0])
      high = Math.max(high, range[1])
    }
    this.#ranges.splice(first, last - first, [low, high])
  }

  /** Index of the first range that begins above `value`. */
  #after(value: number): number {
    let low = 0
    let high = this.#ranges.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#ranges[middle]?.[0] ?? 0) <= value) low = middle + 1
      else high = middle
    }
    return low
  }
}
