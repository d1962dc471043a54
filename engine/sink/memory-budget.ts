/** Share of the limit at which the buffer is told to be filling, and at which it is told to have drained. */
const HIGH_WATER = 0.8
const LOW_WATER = 0.5

export interface WaterMarks {
  /** The buffer is 80 % full. */
  high(): void
  /** It was, and is half empty again. */
  low(): void
}

/** The bytes a sink holds, never more than its limit. */
export class MemoryBudget {
  #used = 0
  #peak = 0
  #level: 'high' | 'low' = 'low'

  constructor(
    readonly limit: number,
    private readonly marks: WaterMarks
  ) {}

  get used(): number {
    return this.#used
  }

  /** The most that was ever in use. */
  get peak(): number {
    return this.#peak
  }

  /** `high` from the high mark until the low one is reached again. */
  get level(): 'high' | 'low' {
    return this.#level
  }

  get free(): number {
    return this.limit - this.#used
  }

  take(bytes: number): void {
    this.#used += bytes
    if (this.#used > this.#peak) this.#peak = this.#used
    if (this.#level === 'low' && this.#used >= this.limit * HIGH_WATER) {
      this.#level = 'high'
      this.marks.high()
    }
  }

  give(bytes: number): void {
    this.#used -= bytes
    if (this.#level === 'high' && this.#used <= this.limit * LOW_WATER) {
      this.#level = 'low'
      this.marks.low()
    }
  }
}
