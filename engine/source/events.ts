import type { LogGroupView } from '../client/codec/log-group-list'
import type { SlsError } from '../client/errors'
import type { ConsumerGroup, Log } from '../client/model'
import type { OptionNames } from '../client/option-checks'
import type { InvalidCursorPolicy } from './options'

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
   * The cursor was refused and reading goes on elsewhere, or not at all. `groups` and `seconds` (of receive time)
   * estimate what is lost, undefined where nothing is known.
   */
  skipped: {
    logstore: string
    shard: number
    /** What it goes by; undefined where the shard is not there any more. */
    policy: InvalidCursorPolicy | undefined
    from: string
    to: string
    groups: number | undefined
    seconds: number | undefined
  }
  /**
   * Between two log groups that were read one after the other lie positions without one: they may be lost, where each
   * log group takes the next position.
   */
  gap: { logstore: string; shard: number; from: string; to: string; groups: number }
  /** A batch was refused and will be delivered again in `delay` ms; `deliveries` counts those made. */
  redelivery: {
    logstore: string
    shard: number
    cursor: string
    deliveries: number
    delay: number
    error: unknown
  }
  /** A batch was not acknowledged in time; a `redelivery` follows. */
  overdue: { logstore: string; shard: number; cursor: string; deliveries: number }
  /** A log was refused too often: it is passed, or its shard `stopped` before it. */
  poison: {
    logstore: string
    shard: number
    /** Of its log group; of the fetch where a query left no number to each group. */
    cursor: string
    /** Of the log among those of the cursor; undefined where it is a whole group that cannot be decoded. */
    index: number | undefined
    refusals: number
    error: SlsError
    /** What it was refused with the last time. */
    reason: unknown
    log: Log | undefined
    /** What it came with; undefined where that cannot be read at all. */
    group: LogGroupView | undefined
    stopped: boolean
  }
  /** Nothing more is read of the shard, until somebody seeks or starts anew. */
  stopped: { logstore: string; shard: number; cursor: string; error: SlsError }
  /** How far behind the ends of the shards reading is; while it is behind, and once when it is not any more. */
  lag: {
    /** The largest of the shards' lags. */
    seconds: number
    /** Log groups, all shards. */
    groups: number
    shards: {
      logstore: string
      shard: number
      seconds: number | undefined
      groups: number | undefined
    }[]
  }
  /** A fetch of the shard hung for `duration` ms; its reader is replaced. */
  stalled: { logstore: string; shard: number; duration: number }
  /** For `duration` ms the flow has taken nothing; once an episode. Bytes as in the status. */
  held: { duration: number; held: number; limit: number; inFlight: number }
  /** The consumer group's checkpoint of the shard has moved. */
  commit: { logstore: string; shard: number; cursor: string }
  /** It could not be moved; that is tried again in `delay` ms. */
  commitFailed: { logstore: string; shard: number; cursor: string; error: SlsError; delay: number }
  /** Every shard is read up to the stop time, and all that came is acknowledged. */
  done: Record<string, never>
}

export const sourceEvents: OptionNames<SourceEvents> = {
  retry: true,
  error: true,
  recovered: true,
  shards: true,
  groupDiffers: true,
  lost: true,
  start: true,
  finished: true,
  skipped: true,
  gap: true,
  redelivery: true,
  overdue: true,
  poison: true,
  stopped: true,
  lag: true,
  stalled: true,
  held: true,
  commit: true,
  commitFailed: true,
  done: true
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
