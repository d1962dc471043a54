/** What waits to be taken, and is then in flight until it is settled. */
export interface HandOverItem {
  readonly rawSize: number
}

/**
 * Where readers lay down what they fetched and the flow takes it. First come, first served: a reader lays down one
 * fetch at a time, so shards take turns. What is taken and not settled stays within `limit`, or is a single item.
 */
export class HandOver<Item extends HandOverItem> {
  readonly #limit: number
  readonly #isReady: (item: Item) => boolean
  readonly #queue: Item[] = []
  readonly #takers: ((item: Item | undefined) => void)[] = []
  readonly #inFlight = new Set<Item>()
  #inFlightBytes = 0
  #paused: boolean = false
  #ended: boolean = false

  /**
   * @param limit bytes in flight, 0 for no limit
   * @param isReady false as long as an item must not be taken; say `changed` when that may be otherwise
   */
  constructor(limit: number, isReady: (item: Item) => boolean = () => true) {
    this.#limit = limit
    this.#isReady = isReady
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes
  }

  /** Something lies ready, but the flow is busy or holds all that it may. */
  get isHeldUp(): boolean {
    return this.#queue.length > 0
  }

  get isPaused(): boolean {
    return this.#paused
  }

  offer(item: Item): void {
    this.#queue.push(item)
    this.changed()
  }

  /** Lays an item down again, before all others. */
  offerAgain(item: Item): void {
    this.#queue.unshift(item)
    this.changed()
  }

  /** The item is not in flight any more, and is not to be taken either. */
  settle(item: Item): void {
    const queued = this.#queue.indexOf(item)
    if (queued >= 0) this.#queue.splice(queued, 1)
    if (this.#inFlight.delete(item)) this.#inFlightBytes -= item.rawSize
    this.changed()
  }

  isQueued(item: Item): boolean {
    return this.#queue.includes(item)
  }

  /** The next item, as soon as there is one; undefined once ended. */
  take(): Promise<Item | undefined> {
    return new Promise((resolve) => {
      this.#takers.push(resolve)
      this.changed()
    })
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.changed()
  }

  /** Nothing is given out any more. */
  end(): void {
    this.#ended = true
    this.#queue.length = 0
    this.changed()
  }

  /** Looks again at who waits for what. */
  changed(): void {
    while (this.#takers.length > 0) {
      const item = this.#ended ? undefined : this.#next()
      if (item === undefined && !this.#ended) return
      this.#takers.shift()?.(item)
    }
  }

  #next(): Item | undefined {
    if (this.#paused) return undefined
    const index = this.#queue.findIndex((item) => this.#isReady(item))
    const item = this.#queue[index]
    if (item === undefined) return undefined
    const fits =
      this.#limit === 0 || this.#inFlight.size === 0 || this.#inFlightBytes + item.rawSize <= this.#limit
    if (!fits) return undefined
    this.#queue.splice(index, 1)
    this.#inFlight.add(item)
    this.#inFlightBytes += item.rawSize
    return item
  }
}
