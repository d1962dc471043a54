import type { CursorRefusals } from './cursor-reset'
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
  /** Of the readers before it, too, where those went back from a cursor. */
  readonly refusals: CursorRefusals
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
