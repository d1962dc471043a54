import { abortableDelay } from '../client/retry'

/** Time, as the source sees it. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number
  /** @throws SlsError `Aborted` as soon as the signal is aborted. */
  delay(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = { now: Date.now, delay: abortableDelay }
