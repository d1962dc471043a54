import { setTimeout as delay } from 'node:timers/promises'
import { isLive } from './target'

interface Patience {
  /** Milliseconds in all. */
  within: number
  /** Milliseconds between two attempts. */
  pause: number
}

/** The real service is eventually consistent: a creation takes up to a minute to be known everywhere. */
const patience = (): Patience =>
  isLive() ? { within: 120_000, pause: 1_000 } : { within: 10_000, pause: 20 }

/** Seconds after which a silent consumer shall be given up: as short as a case can wait for. */
export const shortTimeout = (): number => (isLive() ? 10 : 1)

/** The first result that is not an error; after the last attempt its error. */
export async function eventually<T>(attempt: () => Promise<T>, options: Partial<Patience> = {}): Promise<T> {
  const { within, pause } = { ...patience(), ...options }
  const deadline = Date.now() + within
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (Date.now() >= deadline) throw error
    }
    await delay(pause)
  }
}
