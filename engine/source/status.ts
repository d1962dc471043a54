import { encodeCursor } from '../client/cursor'
import type { SourceContext } from './context'
import type { Trouble } from './persistent-calls'
import type { ReaderCounts } from './reader-counts'
import type { ReaderPhase } from './reader-host'
import type { ShardReader } from './shard-reader'
import type { SourceCounts } from './totals'

/**
 * `waiting`: the flow holds all that it may; `retrying` and `error`: something fails, in `error` since long enough that
 * somebody should look.
 */
export type SourceState =
  | 'starting'
  | 'reading'
  | 'idle'
  | 'paused'
  | 'waiting'
  | 'retrying'
  | 'error'
  | 'done'
  | 'closed'

export interface ShardState extends ReaderCounts {
  logstore: string
  shard: number
  status: ReaderPhase
  readonly: boolean
  /** Of the first log group that is not acknowledged; empty before the start is known. */
  cursor: string
  /** Of the next fetch. */
  readCursor: string
  /** The consumer group's checkpoint, as far as is known. */
  committed: string | undefined
  /** Between the receive time of what was read last and now; 0 at the end. */
  lagSeconds: number | undefined
  /** Log groups between what is acknowledged and the end of the shard, as far as is known. */
  lagGroups: number | undefined
  inFlightBatches: number
  inFlightBytes: number
  /** Delivered since its reader began, repeats included. */
  logs: number
  redeliveries: number
  /** It reads once more what somebody asked for. */
  replaying: boolean
  /** What it is stopped by. */
  error: { code: string; message: string } | undefined
}

/** A snapshot, plain JSON. */
export interface SourceStatus {
  state: SourceState
  shards: ShardState[]
  /** Logs delivered, repeats included. */
  logs: number
  logsPerSecond: number
  /** Bytes fetched, decompressed. */
  bytes: number
  /** The largest of the shards' lags. */
  lagSeconds: number | undefined
  /** Log groups, all shards of which it is known. */
  lagGroups: number
  /** Bytes fetched and not yet acknowledged, and the limit on them (0: none). */
  memory: { held: number; limit: number }
  /** Bytes delivered and not yet acknowledged, and the limit on them (0: none). */
  inFlight: { bytes: number; limit: number }
  commits: { done: number; failed: number }
  redeliveries: number
  retries: number
  /** Since the source began. */
  counts: SourceCounts
  lastError: { code: string; message: string; retryIn: number | undefined } | undefined
}

export interface StatusInput {
  readonly context: SourceContext
  readonly readers: readonly ShardReader[]
  readonly logsPerSecond: number
  readonly end: 'done' | 'closed' | undefined
}

export function statusOf(input: StatusInput): SourceStatus {
  const { context, readers, end } = input
  const { gate, handOver, settings, totals } = context
  const counts = { ...totals.counts }
  const shards = readers.map((reader) => shardState(context, reader))
  const trouble = end === undefined ? context.calls.trouble : undefined
  const stop = end === undefined ? shards.find(({ error }) => error !== undefined)?.error : undefined
  const lags = shards.flatMap(({ lagSeconds }) => lagSeconds ?? [])
  return {
    state: end ?? stateOf(context, shards, trouble),
    shards,
    logs: counts.logs,
    logsPerSecond: input.logsPerSecond,
    bytes: counts.bytes,
    lagSeconds: lags.length === 0 ? undefined : Math.max(...lags),
    lagGroups: sum(shards, ({ lagGroups }) => lagGroups ?? 0),
    memory: { held: gate.held, limit: gate.limit },
    inFlight: { bytes: handOver.inFlightBytes, limit: settings.maxInFlight },
    commits: { done: counts.commits, failed: counts.commitFailures },
    redeliveries: counts.redeliveries,
    retries: counts.retries,
    counts,
    lastError: trouble
      ? {
          code: trouble.error.code,
          message: trouble.error.describe(),
          retryIn: Math.max(0, trouble.retryAt - settings.clock.now())
        }
      : stop && { ...stop, retryIn: undefined }
  }
}

function stateOf(
  { handOver, gate }: SourceContext,
  shards: readonly ShardState[],
  trouble: Trouble | undefined
): SourceState {
  if (handOver.isPaused) return 'paused'
  if (shards.some(({ status }) => status === 'stopped')) return 'error'
  if (trouble !== undefined) return trouble.reported ? 'error' : 'retrying'
  if (shards.every(({ status }) => status === 'starting')) return 'starting'
  if (handOver.isHeldUp || gate.waiting > 0) return 'waiting'
  return shards.some(({ status }) => status === 'reading') ? 'reading' : 'idle'
}

function shardState({ commits }: SourceContext, reader: ShardReader): ShardState {
  const { logstore, shard, lag, ledger, flight, counts, replayUntil, trouble } = reader
  const committed = commits?.committed(logstore, shard)
  return {
    logstore,
    shard,
    status: reader.phase,
    readonly: reader.listed.status === 'readonly',
    cursor: reader.cursor,
    readCursor: ledger === undefined ? '' : encodeCursor(ledger.position),
    committed: committed === undefined ? undefined : encodeCursor(committed),
    lagSeconds: lag.seconds,
    lagGroups: ledger && lag.groups(ledger),
    inFlightBatches: flight.batches,
    inFlightBytes: flight.bytes,
    ...counts,
    logs: flight.logs,
    redeliveries: flight.refusals,
    replaying: replayUntil !== undefined && ledger !== undefined && ledger.lowWater < replayUntil,
    error: trouble && { code: trouble.code, message: trouble.describe() }
  }
}

function sum<T>(items: readonly T[], amount: (item: T) => number): number {
  return items.reduce((total, item) => total + amount(item), 0)
}
