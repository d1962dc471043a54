import { decodeCursor } from '../client/cursor'
import type { Ledger } from './ledger'
import type { FetchAnswer } from './shard-fetch'

/** How far the reading of a shard is behind its end. */
export class ShardLag {
  readonly #now: () => number
  #isAtEnd: boolean = false
  #receiveTime: number | undefined
  #tail: bigint | undefined

  /** @param now Unix milliseconds by the service's clock */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Nothing more is to be read, as far as is known. */
  get isAtEnd(): boolean {
    return this.#isAtEnd
  }

  /** Unix seconds of what was read last; undefined before the first fetch. */
  get receiveTime(): number | undefined {
    return this.#receiveTime
  }

  /** Seconds between what was read last and now; 0 at the end of the shard, undefined before the first fetch. */
  get seconds(): number | undefined {
    if (this.#isAtEnd) return 0
    if (this.#receiveTime === undefined) return undefined
    return Math.max(0, Math.floor(this.#now() / 1000) - this.#receiveTime)
  }

  /** Log groups between what is acknowledged and the end of the shard; undefined where the end is not known. */
  groups({ position, lowWater }: Ledger): number | undefined {
    const end = this.#isAtEnd ? position : this.#tail
    return end === undefined ? undefined : Number((end > position ? end : position) - lowWater)
  }

  /** The end of the shard lies at this cursor. */
  noteEnd(cursor: string): void {
    this.#tail = decodeCursor(cursor)
  }

  /** What is read next was received then, Unix seconds. */
  noteTime(time: number): void {
    this.#receiveTime ??= time
  }

  /** @param isDry the fetch led no further */
  fetched({ receiveTime, endOfCursor }: FetchAnswer, isDry: boolean): void {
    if (!isDry) this.#receiveTime = receiveTime ?? this.#receiveTime
    this.#isAtEnd = isDry || endOfCursor
  }

  /** Nothing more will be fetched. */
  ended(): void {
    this.#isAtEnd = true
  }
}
