import type { FinishReason } from './events'
import type { ShardCursors } from './shard-cursors'
import type { Start } from './start-position'

/**
 * `waiting`: for the parents of the shard; `finishing`: all is fetched, not all acknowledged; `stopped`: before a log
 * that the flow cannot take, or a cursor that is not valid any more, as the policies have it.
 */
export type ReaderPhase = 'starting' | 'waiting' | 'reading' | 'idle' | 'finishing' | 'finished' | 'stopped'

/** What the reader of a shard asks of those around it. */
export interface ReaderHost {
  /** Where to begin. */
  start(cursors: ShardCursors, signal: AbortSignal): Promise<Start>
  /** Resolves when the shard's first position is durable. */
  settleStart(position: bigint, signal: AbortSignal): Promise<void>
  /** Nothing is to be delivered before the shard's first log group, as far as is known. */
  mayBegin(): boolean
  /** Resolves when nothing is. */
  mayBeginAtLast(signal: AbortSignal): Promise<void>
  /** Nothing more will be fetched of the shard. */
  ended(): void
  /** And all of it is acknowledged. */
  finished(reason: FinishReason): void
  /** The shard, or its logstore, is not what it was, or may not be. */
  suspect(isCertain: boolean): void
  /** Forget what is in flight and read from there. */
  restart(start: Start): void
}

export interface ReaderCounts {
  fetches: number
  emptyFetches: number
  groups: number
  /** Of the log groups, decompressed. */
  bytes: number
  /** Cursors that were refused and replaced. */
  skips: number
  /** Positions between log groups that held none. */
  missing: number
  /** With a query: lines and bytes that it read, lines that it left, lines on which it failed. */
  rawLogs: number
  rawBytes: number
  matchedLogs: number
  failedLogs: number
}

export function noCounts(): ReaderCounts {
  return {
    fetches: 0,
    emptyFetches: 0,
    groups: 0,
    bytes: 0,
    skips: 0,
    missing: 0,
    rawLogs: 0,
    rawBytes: 0,
    matchedLogs: 0,
    failedLogs: 0
  }
}
