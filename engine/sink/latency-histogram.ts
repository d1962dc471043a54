/** Each slot reaches 20 % further than the one before it: 80 slots span 1 ms to about 36 minutes. */
const GROWTH = Math.log(1.2)
const SLOTS = 80
/** When so many values are counted all counts are halved, so that old ones fade. */
const FADE_AT = 10_000

export interface LatencyQuantiles {
  /** Milliseconds, within 20 %; 0 before the first call. */
  p50: number
  p95: number
  /** Milliseconds, the longest of all. */
  max: number
}

/** Latencies in a fixed few bytes. */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(SLOTS)
  #total = 0
  #max = 0

  add(milliseconds: number): void {
    const slot = Math.min(SLOTS - 1, Math.floor(Math.log(1 + milliseconds) / GROWTH))
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1
    this.#max = Math.max(this.#max, milliseconds)
    this.#total++
    if (this.#total >= FADE_AT) this.#fade()
  }

  quantiles(): LatencyQuantiles {
    return { p50: this.#quantile(0.5), p95: this.#quantile(0.95), max: Math.round(this.#max) }
  }

  #quantile(share: number): number {
    let left = Math.ceil(this.#total * share)
    if (left === 0) return 0
    for (let slot = 0; slot < SLOTS; slot++) {
      left -= this.#counts[slot] ?? 0
      if (left <= 0) return Math.round(Math.min(this.#max, Math.exp((slot + 1) * GROWTH) - 1))
    }
    return Math.round(this.#max)
  }

  #fade(): void {
    this.#total = 0
    for (let slot = 0; slot < SLOTS; slot++) {
      const half = (this.#counts[slot] ?? 0) >>> 1
      this.#counts[slot] = half
      this.#total += half
    }
  }
}
