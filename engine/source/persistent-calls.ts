import type { Retryability, SlsError } from '../client/errors'
import { backoffDelay, type RetryPolicy } from '../client/retry'
import { comparable } from '../client/service-hints'
import type { Clock } from './clock'
import { asSlsError, isConnectionError, isLogstoreAbsent } from './error-kinds'
import type { CallSite, SourceEmitter } from './events'
import { Sleeper } from './sleeper'

/** The longest wait between attempts, as a multiple of the policy's: 30 s with the default policy. */
const slowFactor = 6

/** ms: nothing is tried again sooner, whatever the policy and chance have. */
const shortestDelay = 10

export interface PersistentCallOptions {
  /** Errors that the caller answers itself. */
  giveUp?: (error: SlsError) => boolean
  /** Told of each other failed attempt. */
  onFailure?: (error: SlsError, delay: number) => void
}

/** What the source is in trouble with at the moment. */
export interface Trouble {
  readonly error: SlsError
  /** `error` was told of it: somebody should look. */
  readonly reported: boolean
  /** Unix milliseconds of the next attempt. */
  readonly retryAt: number
}

/** Trouble with one cause, however many calls it meets. */
interface Episode {
  readonly site: CallSite
  readonly error: SlsError
  readonly since: number
  readonly lanes: Set<Lane>
}

/** One caller that tries until it succeeds. */
interface Lane {
  readonly site: CallSite
  readonly sleeper: Sleeper
  readonly failures: Record<Retryability, number>
  attempts: number
  slowAttempts: number
  error: SlsError | undefined
  retryAt: number
  episode: string | undefined
}

/**
 * Makes calls until they succeed: first as the retry policy has it, then, once an `error` event has told of it,
 * slowly and for ever. When a connection that was lost is back, all who wait for it go on at once.
 */
export class PersistentCalls {
  readonly #policy: RetryPolicy
  readonly #clock: Clock
  readonly #emitter: SourceEmitter
  readonly #random: () => number
  readonly #failing = new Set<Lane>()
  readonly #episodes = new Map<string, Episode>()
  #everAnswered: boolean = false

  constructor(policy: RetryPolicy, clock: Clock, emitter: SourceEmitter, random: () => number = Math.random) {
    this.#policy = policy
    this.#clock = clock
    this.#emitter = emitter
    this.#random = random
  }

  /** The gravest trouble, the latest of them where there are several. */
  get trouble(): Trouble | undefined {
    let gravest: Trouble | undefined
    for (const { error, episode, retryAt } of this.#failing) {
      if (error === undefined) continue
      const reported = episode !== undefined
      if (gravest === undefined || reported || !gravest.reported) gravest = { error, reported, retryAt }
    }
    return gravest
  }

  /**
   * @throws SlsError `Aborted` when the signal is aborted, or what `giveUp` takes.
   */
  async run<T>(
    site: CallSite,
    call: () => Promise<T>,
    signal: AbortSignal,
    options: PersistentCallOptions = {}
  ): Promise<T> {
    const lane = this.#lane(site)
    try {
      for (;;) {
        try {
          const result = await call()
          this.#succeeded(lane)
          return result
        } catch (cause) {
          const error = asSlsError(cause)
          if (signal.aborted) throw error
          if (options.giveUp?.(error) === true) {
            this.#succeeded(lane)
            throw error
          }
          const delay = this.#failed(lane, error)
          options.onFailure?.(error, delay)
          await lane.sleeper.sleep(delay, signal)
        }
      }
    } finally {
      this.#failing.delete(lane)
      this.#part(lane)
    }
  }

  #lane(site: CallSite): Lane {
    return {
      site,
      sleeper: new Sleeper(this.#clock),
      failures: { never: 0, ordinary: 0, transient: 0 },
      attempts: 0,
      slowAttempts: 0,
      error: undefined,
      retryAt: 0,
      episode: undefined
    }
  }

  /** Milliseconds until the next attempt. */
  #failed(lane: Lane, error: SlsError): number {
    lane.error = error
    lane.attempts++
    lane.failures[patienceFor(error)]++
    error.attempts = lane.attempts
    if (!isConnectionError(error)) this.#noteAnswer(lane)
    this.#failing.delete(lane)
    this.#failing.add(lane)
    if (lane.episode !== undefined || this.#isExhausted(lane, error)) this.#join(lane, error)
    const wait =
      lane.episode === undefined ? backoffDelay(this.#policy, lane.attempts, this.#random) : this.#slow(lane)
    const delay = Math.max(shortestDelay, wait)
    lane.retryAt = this.#clock.now() + delay
    this.#emitter.emit('retry', { ...lane.site, error, attempt: lane.attempts, delay })
    return delay
  }

  /** Before the first answer ever, what cannot be reached is more likely wrong than out of order. */
  #isExhausted(lane: Lane, error: SlsError): boolean {
    const { maxRetries, maxRetriesRetryable } = this.#policy
    const over = (count: number, most: number) => most >= 0 && count > most
    switch (patienceFor(error)) {
      case 'never':
        return true
      case 'ordinary':
        return over(lane.failures.ordinary, maxRetries)
      case 'transient':
        if (!this.#everAnswered && over(lane.failures.transient, maxRetries)) return true
        return over(lane.failures.transient, maxRetriesRetryable)
    }
  }

  #slow(lane: Lane): number {
    const { maxRetryBackoff } = this.#policy
    const bound = Math.min(
      maxRetryBackoff * slowFactor,
      maxRetryBackoff * 2 ** Math.min(lane.slowAttempts++, 10)
    )
    return Math.round((bound * (1 + this.#random())) / 2)
  }

  #join(lane: Lane, error: SlsError): void {
    const cause = causeOf(lane.site, error)
    if (lane.episode === cause) return
    this.#part(lane)
    lane.episode = cause
    const known = this.#episodes.get(cause)
    if (known !== undefined) {
      known.lanes.add(lane)
      return
    }
    this.#episodes.set(cause, { site: lane.site, error, since: this.#clock.now(), lanes: new Set([lane]) })
    this.#emitter.emit('error', { ...lane.site, error })
  }

  #noteAnswer({ site }: Lane): void {
    if (!isLocal(site)) this.#everAnswered = true
  }

  #succeeded(lane: Lane): void {
    this.#noteAnswer(lane)
    const wasCutOff = lane.error !== undefined && isConnectionError(lane.error)
    this.#leave(lane)
    if (!wasCutOff) return
    for (const other of this.#failing) {
      if (other.error !== undefined && isConnectionError(other.error)) other.sleeper.wake()
    }
  }

  #leave(lane: Lane): void {
    this.#failing.delete(lane)
    lane.error = undefined
    const ended = this.#part(lane)
    if (ended === undefined) return
    const duration = this.#clock.now() - ended.since
    this.#emitter.emit('recovered', { ...ended.site, error: ended.error, duration })
  }

  /** Takes the lane out of its episode; the episode if that was the last of its lanes. */
  #part(lane: Lane): Episode | undefined {
    if (lane.episode === undefined) return undefined
    const episode = this.#episodes.get(lane.episode)
    const key = lane.episode
    lane.episode = undefined
    episode?.lanes.delete(lane)
    if (episode === undefined || episode.lanes.size > 0) return undefined
    this.#episodes.delete(key)
    return episode
  }
}

/** What is asked of this machine says nothing of the service. */
function isLocal({ api }: CallSite): boolean {
  return api === 'loadProgress' || api === 'saveProgress'
}

/** A damaged answer is worth another try, whatever it was that noticed the damage. */
function patienceFor(error: SlsError): Retryability {
  const damaged = error.code === 'CorruptBody' || error.code === 'BadResponse'
  return damaged && error.retryability === 'never' ? 'ordinary' : error.retryability
}

/** Equal where two failures have one cause, so that it is told once. */
function causeOf(site: CallSite, error: SlsError): string {
  if (isConnectionError(error)) return 'connection'
  const code = comparable(error.code)
  if (isLogstoreAbsent(error) || code === 'projectnotexist') return `${code} ${site.logstore ?? ''}`
  if (/^(?:signaturenotmatch|invalidaccesskeyid|credentialsunavailable)/.test(code)) return code
  return `${code} ${site.api} ${site.logstore ?? ''}`
}
