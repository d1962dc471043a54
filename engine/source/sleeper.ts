import type { Clock } from './clock'

/** A wait that can be cut short. */
export class Sleeper {
  readonly #clock: Pick<Clock, 'delay'>
  #cut: AbortController | undefined
  #woken: boolean = false

  constructor(clock: Pick<Clock, 'delay'>) {
    this.#clock = clock
  }

  /** Ends the wait under way, or the next one before it begins. */
  wake(): void {
    this.#woken = true
    this.#cut?.abort()
  }

  /**
   * Waits `ms` milliseconds, or until `wake`; true where that was first.
   * @throws SlsError `Aborted` when the signal is aborted.
   */
  async sleep(ms: number, signal: AbortSignal): Promise<boolean> {
    if (this.#woken && !signal.aborted) {
      this.#woken = false
      return true
    }
    const cut = new AbortController()
    const abort = () => cut.abort()
    this.#cut = cut
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    try {
      await this.#clock.delay(ms, cut.signal)
      return false
    } catch (error) {
      if (signal.aborted || !this.#woken) throw error
      return true
    } finally {
      signal.removeEventListener('abort', abort)
      this.#cut = undefined
      this.#woken = false
    }
  }
}
