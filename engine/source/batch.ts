import type { LogGroupView } from '../client/codec/log-group-list'
import type { Log } from '../client/model'

/** A log group with its place in the shard. */
export interface SourceGroup extends LogGroupView {
  /** Of this group; of the fetch where a query left no number to each group. */
  readonly cursor: string
  /** Of the group after it. */
  readonly nextCursor: string
  /** Number of the group's first log among those of the same cursor: with the cursor unique and stable. */
  readonly firstIndex: number
  /** This group is done, whatever becomes of the others. */
  ack(): void
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
  /** How often it was delivered, this time included. */
  readonly delivery: number
  /**
   * All logs of all groups, in order, decoded at each call.
   * @throws SlsError `CorruptBody`
   */
  readonly logs: Log[]
  /** The batch, or its first `groups` groups, are done. Any number of times, in any order with other batches. */
  ack(groups?: number): void
  /** What of the batch is not acknowledged is delivered again after a while; progress stays before it. */
  nack(error?: unknown): void
}
