import { encodeCursor } from '../client/cursor'
import type { SourceContext } from './context'
import type { Trouble } from './persistent-calls'
import type { ReaderPhase } from './reader-host'
import type { ShardReader } from './shard-reader'

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

export interface ShardState {
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
  inFlightBatches: number
  inFlightBytes: number
  fetches: number
  emptyFetches: number
  groups: number
  logs: number
  bytes: number
  redeliveries: number
  skips: number
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
  /** Bytes fetched and not yet acknowledged, and the limit on them (0: none). */
  memory: { held: number; limit: number }
  /** Bytes delivered and not yet acknowledged, and the limit on them (0: none). */
  inFlight: { bytes: number; limit: number }
  commits: { done: number; failed: number }
  redeliveries: number
  retries: number
  lastError: { code: string; message: string; retryIn: number | undefined } | undefined
}

export interface StatusInput {
  readonly context: SourceContext
  readonly readers: readonly ShardReader[]
  readonly logsPerSecond: number
  readonly retries: number
  readonly end: 'done' | 'closed' | undefined
}

export function statusOf(input: StatusInput): SourceStatus {
  const { context, readers, end } = input
  const { gate, handOver, commits, settings } = context
  const shards = readers.map((reader) => shardState(context, reader))
  const trouble = end === undefined ? context.calls.trouble : undefined
  const lags = shards.flatMap(({ lagSeconds }) => lagSeconds ?? [])
  return {
    state: end ?? stateOf(context, shards, trouble),
    shards,
    logs: sum(shards, ({ logs }) => logs),
    logsPerSecond: input.logsPerSecond,
    bytes: sum(shards, ({ bytes }) => bytes),
    lagSeconds: lags.length === 0 ? undefined : Math.max(...lags),
    memory: { held: gate.held, limit: gate.limit },
    inFlight: { bytes: handOver.inFlightBytes, limit: settings.maxInFlight },
    commits: commits?.counts ?? { done: 0, failed: 0 },
    redeliveries: sum(shards, ({ redeliveries }) => redeliveries),
    retries: input.retries,
    lastError: trouble && {
      code: trouble.error.code,
      message: trouble.error.describe(),
      retryIn: Math.max(0, trouble.retryAt - settings.clock.now())
    }
  }
}

function stateOf(
  { handOver, gate }: SourceContext,
  shards: readonly ShardState[],
  trouble: Trouble | undefined
): SourceState {
  if (handOver.isPaused) return 'paused'
  if (trouble !== undefined) return trouble.reported ? 'error' : 'retrying'
  if (shards.every(({ status }) => status === 'starting')) return 'starting'
  if (handOver.isHeldUp || gate.waiting > 0) return 'waiting'
  return shards.some(({ status }) => status === 'reading') ? 'reading' : 'idle'
}

function shardState({ commits }: SourceContext, reader: ShardReader): ShardState {
  const { logstore, shard, ledger, flight, counts } = reader
  const committed = commits?.committed(logstore, shard)
  return {
    logstore,
    shard,
    status: reader.phase,
    readonly: reader.listed.status === 'readonly',
    cursor: reader.cursor,
    readCursor: ledger === undefined ? '' : encodeCursor(ledger.position),
    committed: committed === undefined ? undefined : encodeCursor(committed),
    lagSeconds: reader.lagSeconds,
    inFlightBatches: flight.batches,
    inFlightBytes: flight.bytes,
    ...counts,
    logs: flight.logs,
    redeliveries: flight.refusals
  }
}

function sum<T>(items: readonly T[], amount: (item: T) => number): number {
  return items.reduce((total, item) => total + amount(item), 0)
}
