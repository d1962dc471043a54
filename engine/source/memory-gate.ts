import { SlsError } from '../client/errors'

/** What one response is taken to hold at most, bytes: the service keeps to about this size. */
const largestResponse = 10 * 1024 * 1024

/**
 * How much may lie ready for the flow before nothing more is fetched ahead: bytes, and responses where they are large.
 * What lies long is cold when its turn comes, in every cache and to the garbage collector.
 */
const aheadBytes = 8 * 1024 * 1024
const aheadResponses = 8

/** The memory of one response, from before it is asked for until it is not needed any more. */
export interface Reservation {
  /** The response is here and holds `bytes` bytes. */
  settle(bytes: number): void
  /** The flow has the response, or some of it. Once is enough. */
  taken(): void
  /** Once is enough; further calls do nothing. */
  release(): void
}

interface Waiter {
  readonly expected: number
  admit(reservation: Reservation): void
}

/**
 * Bounds the bytes that are fetched and not yet acknowledged. A fetch is let through before it is sent: while others
 * are under way each of those counts with the largest response; alone it counts with what its shard brought last. So
 * the bound is passed by one response at most. None is let through while enough lies ready for the flow. Those who wait
 * are let through in the order they came.
 */
export class MemoryGate {
  readonly limit: number
  readonly #waiting: Waiter[] = []
  #held = 0
  #underWay = 0
  readonly #ready = new Set<Reservation>()
  #readyBytes = 0

  /** @param limit bytes, 0 for none */
  constructor(limit: number) {
    this.limit = limit
  }

  /** Bytes of the responses that are not released. */
  get held(): number {
    return this.#held
  }

  /** Fetches that wait. */
  get waiting(): number {
    return this.#waiting.length
  }

  /**
   * @param expected bytes that the response will probably hold
   * @throws SlsError `Aborted` when the signal is aborted
   */
  reserve(expected: number, signal: AbortSignal): Promise<Reservation> {
    if (this.#waiting.length === 0 && !signal.aborted && this.#fits(Math.max(1, expected))) {
      return Promise.resolve(this.#reservation())
    }
    return new Promise((resolve, reject) => {
      const aborted = () => {
        const index = this.#waiting.indexOf(waiter)
        if (index >= 0) this.#waiting.splice(index, 1)
        reject(new SlsError('Aborted', 'The wait for memory was aborted'))
        this.#admit()
      }
      const waiter: Waiter = {
        expected: Math.max(1, expected),
        admit: (reservation) => {
          signal.removeEventListener('abort', aborted)
          resolve(reservation)
        }
      }
      if (signal.aborted) {
        aborted()
        return
      }
      signal.addEventListener('abort', aborted, { once: true })
      this.#waiting.push(waiter)
    })
  }

  #admit(): void {
    let next = this.#waiting[0]
    while (next !== undefined && this.#fits(next.expected)) {
      this.#waiting.shift()
      next.admit(this.#reservation())
      next = this.#waiting[0]
    }
  }

  #fits(expected: number): boolean {
    if (this.#ready.size >= aheadResponses && this.#readyBytes >= aheadBytes) return false
    if (this.limit === 0 || this.#held + this.#underWay === 0) return true
    return this.#held + this.#underWay * largestResponse + expected <= this.limit
  }

  #reservation(): Reservation {
    let held: number | undefined
    let released = false
    this.#underWay++
    const leaveReady = () => {
      if (this.#ready.delete(reservation)) this.#readyBytes -= held ?? 0
    }
    const reservation: Reservation = {
      settle: (bytes) => {
        if (held !== undefined || released) return
        held = bytes
        this.#underWay--
        this.#held += bytes
        this.#readyBytes += bytes
        this.#ready.add(reservation)
        this.#admit()
      },
      taken: () => {
        leaveReady()
        this.#admit()
      },
      release: () => {
        if (released) return
        released = true
        leaveReady()
        if (held === undefined) this.#underWay--
        else this.#held -= held
        this.#admit()
      }
    }
    return reservation
  }
}
