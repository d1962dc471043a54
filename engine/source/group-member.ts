import { SlsError } from '../client/errors'
import type { GroupSettings } from './assignment-options'
import type { Clock } from './clock'
import { abortable } from './condition'
import type { ConsumerGroupPlace } from './consumer-group'
import { isConsumerAbsent, isGroupAbsent } from './error-kinds'
import type { LossReason } from './events'
import { Lease } from './lease'
import type { PersistentCalls } from './persistent-calls'
import { Sleeper } from './sleeper'
import type { SourceClient } from './source-client'

/** The longest wait between heartbeats, ms, while shards are likely to change hands. */
const quickBeat = 1000

/** ms for which shards are likely to change hands after some were born. */
const restless = 30_000

export interface GroupMemberHost {
  /** A heartbeat was answered; `isChanged` where other shards are held now. */
  beaten(isChanged: boolean): void
  /**
   * Ends the reading of a shard that another member is to have, and commits how far it came. Gives up when the signal
   * is aborted. Never rejects.
   */
  handOver(shard: number, signal: AbortSignal): Promise<void>
  /** Shards were lost without a hand-over, and are not held any more. */
  lost(shards: number[], reason: LossReason): void
  /** The shards of which a checkpoint is known that the group does not have. */
  lacking(): Promise<number[]>
  /** The group was deleted and is there again: gives back to it what is known of these shards. Never rejects. */
  restore(shards: readonly number[], signal: AbortSignal): Promise<void>
}

export interface GroupMemberParts {
  readonly client: SourceClient
  readonly calls: PersistentCalls
  readonly group: ConsumerGroupPlace
  readonly settings: GroupSettings
  readonly clock: Clock
}

/**
 * One member of the consumer group of one logstore. Heartbeats report the shards that are held and answer which should
 * be: a shard that is not in the answer any more is reported until it is handed over. Whoever hears nothing from the
 * service for the group's time-out and one interval lets go of everything, since others may have it by then.
 */
export class GroupMember {
  readonly #logstore: string
  readonly #parts: GroupMemberParts
  readonly #host: GroupMemberHost
  readonly #held = new Set<number>()
  readonly #leaving = new Map<number, AbortController>()
  readonly #timer: Sleeper
  readonly #stop = new AbortController()
  #isJoined: boolean = false
  /** What the service did not know this member to hold, until the group has its checkpoints: it may be a new one. */
  #lost: Set<number> | undefined
  /** Counts losses: the answer to a heartbeat from before one is out of date. */
  #losses = 0
  #timeout: number
  /** Unix milliseconds. */
  #restlessUntil = 0
  #lease: Lease | undefined
  #ended: Promise<void> | undefined

  constructor(logstore: string, parts: GroupMemberParts, host: GroupMemberHost) {
    this.#logstore = logstore
    this.#parts = parts
    this.#host = host
    this.#timer = new Sleeper(parts.clock)
    this.#timeout = parts.settings.groupTimeout
  }

  /** The service has answered a heartbeat. */
  get isJoined(): boolean {
    return this.#isJoined
  }

  /** No shard is on its way to another member. */
  get isSettled(): boolean {
    return this.#isJoined && this.#leaving.size === 0
  }

  get held(): number[] {
    return [...this.#held].sort((one, other) => one - other)
  }

  holds(shard: number): boolean {
    return this.#held.has(shard)
  }

  start(): void {
    this.#ended ??= this.#run(this.#stop.signal)
  }

  /** Shards were born: until their parents are read to their ends, by whomever, heartbeats come quickly. */
  hasten(): void {
    this.#restlessUntil = this.#parts.clock.now() + restless
    this.beat()
  }

  /** Heartbeats at once: something has changed that the service is waiting for. */
  beat(): void {
    this.#timer.wake()
  }

  /** The service has refused what this member did with a shard, or does not know the member. */
  forfeit(shards: readonly number[], reason: LossReason): void {
    const lost = shards.filter((shard) => this.#held.delete(shard))
    this.#losses++
    for (const shard of lost) {
      this.#leaving.get(shard)?.abort()
      this.#leaving.delete(shard)
    }
    if (reason !== 'refused') this.#lost = new Set([...(this.#lost ?? []), ...lost])
    if (lost.length > 0) this.#host.lost(lost, reason)
    this.beat()
  }

  /** Ends the heartbeats; the shards are held no more. */
  end(): void {
    this.#stop.abort()
    this.#lease?.end()
    for (const leaving of this.#leaving.values()) leaving.abort()
    this.#leaving.clear()
    this.#held.clear()
  }

  /** As `end`, and tells the service that the shards are free. Never rejects. */
  async leave(signal: AbortSignal): Promise<void> {
    this.end()
    await this.#ended
    if (!this.#isJoined) return
    const { client, group, settings } = this.#parts
    await client.heartbeat(this.#logstore, group.name, settings.consumer, [], signal).catch(() => undefined)
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { group, settings } = this.#parts
    const { heartbeatInterval } = settings
    try {
      this.#timeout = (await abortable(group.join(this.#logstore), signal)).timeout
      while (!signal.aborted) {
        const isFirst = !this.#isJoined
        if (this.#lost !== undefined) await this.#restore(this.#lost, signal)
        await this.#beatOnce(signal)
        const isIdle = isFirst && this.#held.size === 0
        const rest = this.#restlessUntil - this.#parts.clock.now()
        const isRestless = isIdle || (rest > 0 && rest <= restless)
        await this.#timer.sleep(
          isRestless ? Math.min(quickBeat, heartbeatInterval) : heartbeatInterval,
          signal
        )
      }
    } catch {
      // Only the signal ends the heartbeats.
    }
  }

  async #beatOnce(signal: AbortSignal): Promise<void> {
    const site = { api: 'heartbeat', logstore: this.#logstore } as const
    const giveUp = (error: SlsError) => isConsumerAbsent(error) || isGroupAbsent(error)
    try {
      await this.#parts.calls.run(site, () => this.#ask(signal), signal, { giveUp })
    } catch (error) {
      if (signal.aborted || !(error instanceof SlsError)) throw error
      if (isGroupAbsent(error)) {
        this.#timeout = (await abortable(this.#parts.group.join(this.#logstore), signal)).timeout
      }
      this.forfeit(this.held, 'unknown')
    }
  }

  /**
   * Gives back to a group that was deleted the checkpoints that it lacks, before it gives out shards to this member:
   * first of the shards that were held here. Of others an older place is known than their holders know: an interval
   * later those have given back theirs.
   */
  async #restore(lost: ReadonlySet<number>, signal: AbortSignal): Promise<void> {
    const { clock, settings } = this.#parts
    const lacking = await abortable(this.#host.lacking(), signal)
    await this.#host.restore(
      lacking.filter((shard) => lost.has(shard)),
      signal
    )
    if (!lacking.every((shard) => lost.has(shard))) {
      await clock.delay(settings.heartbeatInterval, signal)
      await this.#host.restore(await abortable(this.#host.lacking(), signal), signal)
    }
    if (this.#lost === lost) this.#lost = undefined
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { clock, settings } = this.#parts
    const losses = this.#losses
    const patience = this.#timeout * 1000 + settings.heartbeatInterval
    const lease = new Lease(clock, patience, () => this.forfeit(this.held, 'silent'))
    try {
      const assigned = await this.#heartbeat(signal)
      this.#lease?.end()
      this.#lease = lease
      if (signal.aborted) lease.end()
      else if (losses === this.#losses) this.#take(assigned)
      else this.beat()
    } catch (error) {
      lease.end()
      throw error
    }
  }

  /** An answer that takes longer than a third of the time-out is not waited for: there is time for another. */
  async #heartbeat(signal: AbortSignal): Promise<number[]> {
    const { client, clock, group, settings } = this.#parts
    const bound = new AbortController()
    const abort = () => bound.abort()
    const limit = Math.ceil((this.#timeout * 1000) / 3)
    const lease = new Lease(clock, limit, abort)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    try {
      const call = client.heartbeat(this.#logstore, group.name, settings.consumer, this.held, bound.signal)
      return await abortable(call, bound.signal)
    } catch (error) {
      if (!bound.signal.aborted || signal.aborted) throw error
      throw new SlsError('RequestTimeout', `HeartBeat: no answer within ${limit} ms`, {
        retryability: 'transient'
      })
    } finally {
      lease.end()
      signal.removeEventListener('abort', abort)
    }
  }

  #take(assigned: readonly number[]): void {
    const wanted = new Set(assigned)
    const gained = assigned.filter((shard) => !this.#held.has(shard))
    const isChanged = gained.length > 0 || !this.#isJoined
    this.#isJoined = true
    for (const shard of gained) this.#held.add(shard)
    for (const shard of this.#held) {
      if (!wanted.has(shard) && !this.#leaving.has(shard)) void this.#handOver(shard)
    }
    this.#host.beaten(isChanged)
  }

  async #handOver(shard: number): Promise<void> {
    const leaving = new AbortController()
    this.#leaving.set(shard, leaving)
    await this.#host.handOver(shard, leaving.signal)
    if (leaving.signal.aborted) return
    this.#leaving.delete(shard)
    this.#held.delete(shard)
    this.#host.beaten(true)
    this.beat()
  }
}
