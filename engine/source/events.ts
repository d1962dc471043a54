import type { SlsError } from '../client/errors'
import type { ConsumerGroup } from '../client/model'

/** What the source does when something goes wrong or right. */
export type SourceApi =
  | 'listLogstores'
  | 'listShards'
  | 'getCursor'
  | 'getCursorTime'
  | 'pullLogs'
  | 'createConsumerGroup'
  | 'updateConsumerGroup'
  | 'listConsumerGroups'
  | 'heartbeat'
  | 'getCheckpoints'
  | 'updateCheckpoint'
  | 'assignShards'
  | 'readShard'
  | 'loadProgress'
  | 'saveProgress'

/** Which call of which shard. */
export interface CallSite {
  readonly api: SourceApi
  readonly logstore?: string | undefined
  readonly shard?: number | undefined
}

/** Where a shard's start cursor comes from. */
export type StartOrigin = 'local' | 'group' | 'position' | 'default' | 'child' | 'seek'

export type LossReason = 'silent' | 'unknown' | 'refused'

export type FinishReason = 'end' | 'stopTime' | 'gone'

export interface SourceEvents {
  /** A call failed and will be made again in `delay` ms; `attempt` counts from 1. */
  retry: CallSite & { error: SlsError; attempt: number; delay: number }
  /** Once an episode: somebody should look. The source goes on trying and recovers by itself. */
  error: CallSite & { error: SlsError }
  /** What `error` told of is over, after `duration` ms. */
  recovered: CallSite & { error: SlsError; duration: number }
  /** The shards that this source reads have changed. */
  shards: { logstore: string; owned: number[]; added: number[]; removed: number[] }
  /** A consumer group that existed has other settings than this source would give it; they are left as they are. */
  groupDiffers: { logstore: string; group: ConsumerGroup; wanted: ConsumerGroup }
  /**
   * Shards were lost without a hand-over; what is in flight of them is void. `silent`: no heartbeat succeeded for
   * too long; `unknown`: the service has forgotten this consumer; `refused`: another consumer has the shard already.
   */
  lost: { logstore: string; shards: number[]; reason: LossReason }
  /** A shard's first cursor is known and will be read from. */
  start: { logstore: string; shard: number; cursor: string; origin: StartOrigin }
  /** Nothing more will come of the shard, and all that came is acknowledged. */
  finished: { logstore: string; shard: number; cursor: string; reason: FinishReason }
  /**
   * The cursor was refused and reading goes on at the oldest log group there is. `groups` and `seconds` (of receive
   * time) estimate what is lost, undefined where nothing is known.
   */
  skipped: {
    logstore: string
    shard: number
    from: string
    to: string
    groups: number | undefined
    seconds: number | undefined
  }
  /** A batch was refused and will be delivered again in `delay` ms; `deliveries` counts those made. */
  redelivery: {
    logstore: string
    shard: number
    cursor: string
    deliveries: number
    delay: number
    error: unknown
  }
  /** The consumer group's checkpoint of the shard has moved. */
  commit: { logstore: string; shard: number; cursor: string }
  /** It could not be moved; that is tried again in `delay` ms. */
  commitFailed: { logstore: string; shard: number; cursor: string; error: SlsError; delay: number }
  /** Every shard is read up to the stop time, and all that came is acknowledged. */
  done: Record<string, never>
}

export type SourceListener<Name extends keyof SourceEvents> = (event: SourceEvents[Name]) => void

/** Tells of events. A listener that throws disturbs neither the source nor the other listeners. */
export class SourceEmitter {
  readonly #listeners = new Map<keyof SourceEvents, Set<SourceListener<never>>>()

  on<Name extends keyof SourceEvents>(name: Name, listener: SourceListener<Name>): void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(listener as SourceListener<never>))
  }

  off<Name extends keyof SourceEvents>(name: Name, listener: SourceListener<Name>): void {
    this.#listeners.get(name)?.delete(listener as SourceListener<never>)
  }

  emit<Name extends keyof SourceEvents>(name: Name, event: SourceEvents[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        ;(listener as SourceListener<Name>)(event)
      } catch (error) {
        process.emitWarning(error instanceof Error ? error : String(error), {
          type: 'SlsSourceListener',
          detail: `A listener of the event "${name}" failed`
        })
      }
    }
  }
}
