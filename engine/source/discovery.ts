import type { SlsError } from '../client/errors'
import type { Shard } from '../client/model'
import { longestTimer } from '../client/option-checks'
import type { Clock } from './clock'
import { isLogstoreAbsent } from './error-kinds'
import type { PersistentCalls } from './persistent-calls'
import { Sleeper } from './sleeper'
import type { SourceClient } from './source-client'

/** What is told of what is found. */
export interface DiscoveryListener {
  listed(logstore: string, shards: readonly Shard[]): Promise<void>
  /** The service knows no such logstore, now. */
  absent(logstore: string): void
}

export interface DiscoverySettings {
  readonly logstores: readonly string[] | RegExp
  readonly discoveryInterval: number
  readonly clock: Clock
}

/** The shortest time between listings that are only asked for because a shard fell silent, ms. */
const shortestInterval = 5000

/** Watches logstores and their shards, each logstore for itself: one that fails holds up no other. */
export class Discovery {
  readonly #client: SourceClient
  readonly #calls: PersistentCalls
  readonly #settings: DiscoverySettings
  readonly #listener: DiscoveryListener
  readonly #watches = new Map<string, Watch>()
  readonly #names: Sleeper
  #namesListedAt = -1

  constructor(
    client: SourceClient,
    calls: PersistentCalls,
    settings: DiscoverySettings,
    listener: DiscoveryListener
  ) {
    this.#client = client
    this.#calls = calls
    this.#settings = settings
    this.#listener = listener
    this.#names = new Sleeper(settings.clock)
  }

  /** Watches until the signal is aborted. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { logstores } = this.#settings
    if (logstores instanceof RegExp) await this.#watchNames(logstores, signal)
    else await Promise.all(logstores.map((logstore) => this.#watch(logstore).run(signal)))
  }

  /** Lists the shards of a logstore at once: there is reason to believe that they changed. */
  refresh(logstore: string): void {
    this.#watches.get(logstore)?.refresh()
  }

  /** Lists everything at once. */
  refreshAll(): void {
    this.#names.wake()
    for (const watch of this.#watches.values()) watch.refresh()
  }

  /** Lists the shards of a logstore soon: it may be that they changed. */
  suspect(logstore: string): void {
    this.#watches.get(logstore)?.suspect()
  }

  /** All logstores that are looked for were listed, in listings that began at or after a time (Unix milliseconds). */
  isComplete(since: number): boolean {
    if (this.#settings.logstores instanceof RegExp && this.#namesListedAt < since) return false
    return [...this.#watches.values()].every((watch) => watch.listedAt >= since)
  }

  async #watchNames(pattern: RegExp, signal: AbortSignal): Promise<void> {
    const running = new Map<string, { stop: AbortController; ended: Promise<void> }>()
    try {
      while (!signal.aborted) {
        const startedAt = this.#settings.clock.now()
        const names = await this.#calls.run(
          { api: 'listLogstores' },
          () => this.#client.listLogstores(signal),
          signal
        )
        const found = new Set(names.filter((name) => pattern.test(name)))
        for (const [name, { stop }] of running) {
          if (found.has(name)) continue
          stop.abort()
          running.delete(name)
          this.#watches.delete(name)
          this.#listener.absent(name)
        }
        for (const name of found) {
          if (running.has(name)) continue
          if (this.#namesListedAt >= 0) this.#listener.absent(name)
          const stop = new AbortController()
          running.set(name, { stop, ended: this.#watch(name).run(stop.signal) })
        }
        this.#namesListedAt = startedAt
        await this.#names.sleep(this.#settings.discoveryInterval || longestTimer, signal)
      }
    } catch {
      // Only the signal ends the attempts.
    } finally {
      for (const { stop } of running.values()) stop.abort()
      await Promise.all([...running.values()].map(({ ended }) => ended))
    }
  }

  #watch(logstore: string): Watch {
    const watch = new Watch(logstore, this.#client, this.#calls, this.#settings, this.#listener)
    this.#watches.set(logstore, watch)
    return watch
  }
}

/** Lists the shards of one logstore again and again. */
class Watch {
  readonly #logstore: string
  readonly #client: SourceClient
  readonly #calls: PersistentCalls
  readonly #settings: DiscoverySettings
  readonly #listener: DiscoveryListener
  readonly #timer: Sleeper
  #isSuspected: boolean = false
  /** Unix milliseconds: the last listing shows the logstore as it was then, or later. */
  listedAt = -1

  constructor(
    logstore: string,
    client: SourceClient,
    calls: PersistentCalls,
    settings: DiscoverySettings,
    listener: DiscoveryListener
  ) {
    this.#logstore = logstore
    this.#client = client
    this.#calls = calls
    this.#settings = settings
    this.#listener = listener
    this.#timer = new Sleeper(settings.clock)
  }

  refresh(): void {
    this.#timer.wake()
  }

  suspect(): void {
    if (this.#settings.clock.now() - this.listedAt >= shortestInterval) this.#timer.wake()
    else this.#isSuspected = true
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        await this.#list(signal)
        await this.#wait(signal)
      }
    } catch {
      // Only the signal ends the attempts.
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const logstore = this.#logstore
    this.#isSuspected = false
    const call = async () => {
      const startedAt = this.#settings.clock.now()
      const shards = await this.#client.listShards(logstore, signal)
      if (signal.aborted) return
      this.listedAt = startedAt
      await this.#listener.listed(logstore, shards)
    }
    const onFailure = (error: SlsError) => {
      if (isLogstoreAbsent(error)) this.#listener.absent(logstore)
    }
    await this.#calls.run({ api: 'listShards', logstore }, call, signal, { onFailure })
  }

  /** Until the next listing. In two parts, so that what is suspected meanwhile shortens it. */
  async #wait(signal: AbortSignal): Promise<void> {
    const interval = this.#settings.discoveryInterval || longestTimer
    const first = Math.min(interval, shortestInterval)
    if ((await this.#timer.sleep(first, signal)) || this.#isSuspected || interval === first) return
    await this.#timer.sleep(interval - first, signal)
  }
}
