/** ms before and after the stop time in which neither clock tells reliably on which side of it the service is. */
const blur = 1000

/**
 * Where the reading of a shard stops: before the first log group received at or after the stop time. As long as that
 * time lies ahead the service cannot tell the place, so the line is drawn once it has passed.
 */
export class StopLine {
  readonly #stopTime: number | undefined
  readonly #now: () => number
  #position: bigint | undefined
  #isReached: boolean = false

  /**
   * @param stopTime Unix seconds, undefined for none
   * @param now Unix milliseconds by the service's clock
   */
  constructor(stopTime: number | undefined, now: () => number) {
    this.#stopTime = stopTime
    this.#now = now
  }

  /** The position to stop at; undefined as long as it is not known. */
  get position(): bigint | undefined {
    return this.#position
  }

  /** ms until the line can be drawn; 0 where it can be now, undefined where there is none to draw. */
  get wait(): number | undefined {
    if (this.#stopTime === undefined || this.#position !== undefined) return undefined
    if (this.#isReached) return 0
    return Math.max(0, this.#stopTime * 1000 + blur - this.#now())
  }

  /** What is read just now may have been received after the stop time. */
  get isNear(): boolean {
    const { wait } = this
    return wait !== undefined && wait <= 2 * blur
  }

  /** @param position of the first log group received at or after the stop time */
  draw(position: bigint): void {
    this.#position = position
  }

  /** True where a response, here by now, may hold what lies beyond the line. */
  mayHaveCrossed(receiveTime: number | undefined): boolean {
    if (this.#stopTime === undefined || this.#position !== undefined) return false
    if (receiveTime !== undefined && receiveTime >= this.#stopTime) this.#isReached = true
    return this.#isReached || this.isNear
  }
}
