import type { LogGroupView } from '../client/codec/log-group-list'
import type { SlsError } from '../client/errors'
import type { Log } from '../client/model'

/**
 * What becomes of something that was refused: it comes `again` after a while; or it was refused too often and is
 * `givenUp`, reported and passed; or its shard is `stopped` before it.
 */
export type Refusal = 'again' | 'givenUp' | 'stopped'

/** A log group, or a part of one, with its place in the shard. */
export interface SourceGroup extends LogGroupView {
  /** Of this group; of the fetch where a query left no number to each group. */
  readonly cursor: string
  /** Of the group after it. */
  readonly nextCursor: string
  /** Number of the first log among those of the same cursor: with the cursor unique and stable. */
  readonly firstIndex: number
  /** This group is done, whatever becomes of the others. */
  ack(): void
  /**
   * The group, or only its log number `log` (from 0), is to be delivered again. The batch comes again with all that is
   * not acknowledged. Where a log was given up, the group is still to be acknowledged for its other logs.
   */
  nack(error?: unknown, log?: number): Refusal
}

/** One fetch of one shard, or what of it is to be delivered again. */
export interface SourceBatch {
  readonly project: string
  readonly logstore: string
  readonly shard: number
  /** Of the fetch. */
  readonly cursor: string
  readonly nextCursor: string
  /** Unix seconds: when the service received the last log group. */
  readonly receiveTime: number | undefined
  /** Bytes that the fetch holds. */
  readonly rawSize: number
  readonly groups: readonly SourceGroup[]
  readonly logCount: number
  /** It was asked for again by `replay`; what was read before it goes on afterwards. */
  readonly isReplay: boolean
  /** How often it was delivered, this time included. */
  readonly delivery: number
  /**
   * All logs of all groups, in order, decoded at each call.
   * @throws SlsError `CorruptBody`
   */
  readonly logs: Log[]
  /**
   * Called where something of the batch is not acknowledged in time (`ackTimeout`): to say with `nack` of which groups
   * and logs that is so. Where not set, the whole batch is refused.
   */
  onOverdue: ((error: SlsError) => void) | undefined
  /** The batch, or its first `groups` groups, are done. Any number of times, in any order with other batches. */
  ack(groups?: number): void
  /**
   * What of the batch is not acknowledged is delivered again after a while; progress stays before it. What is refused
   * more than `maxRedeliveries` times is delivered in ever smaller parts, until the log at fault is found and given up.
   */
  nack(error?: unknown): Refusal
}
