import type { ShardState, SourceStatus } from './status'

/** One figure, named and typed as Prometheus has it: lower case, the unit at the end of the name. */
export interface Metric {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

type Figure<T> = readonly [
  name: string,
  type: Metric['type'],
  help: string,
  valueOf: (of: T) => number | undefined
]

const sourceFigures: readonly Figure<SourceStatus>[] = [
  ['fetches_total', 'counter', 'Fetches', ({ counts }) => counts.fetches],
  ['fetches_empty_total', 'counter', 'Fetches that brought nothing', ({ counts }) => counts.emptyFetches],
  ['log_groups_total', 'counter', 'Log groups fetched', ({ counts }) => counts.groups],
  ['logs_total', 'counter', 'Logs delivered, repeats included', ({ counts }) => counts.logs],
  ['bytes_total', 'counter', 'Bytes fetched, decompressed', ({ counts }) => counts.bytes],
  ['query_logs_total', 'counter', 'Logs that the query read', ({ counts }) => counts.rawLogs],
  ['query_logs_matched_total', 'counter', 'Logs that the query left', ({ counts }) => counts.matchedLogs],
  ['query_logs_failed_total', 'counter', 'Logs on which the query failed', ({ counts }) => counts.failedLogs],
  ['retries_total', 'counter', 'Calls made again', ({ counts }) => counts.retries],
  ['redeliveries_total', 'counter', 'Batches delivered again', ({ counts }) => counts.redeliveries],
  ['overdue_total', 'counter', 'Batches not acknowledged in time', ({ counts }) => counts.overdue],
  ['poison_total', 'counter', 'Logs given up', ({ counts }) => counts.poison],
  ['skips_total', 'counter', 'Cursors not valid any more', ({ counts }) => counts.skips],
  ['missing_log_groups_total', 'counter', 'Positions without a log group', ({ counts }) => counts.missing],
  ['stalls_total', 'counter', 'Fetches that hung', ({ counts }) => counts.stalls],
  ['commits_total', 'counter', 'Commits to the consumer group', ({ counts }) => counts.commits],
  ['commit_failures_total', 'counter', 'Commits that failed', ({ counts }) => counts.commitFailures],
  ['logs_per_second', 'gauge', 'Logs delivered a second', ({ logsPerSecond }) => logsPerSecond],
  ['memory_held_bytes', 'gauge', 'Bytes fetched and not acknowledged', ({ memory }) => memory.held],
  ['memory_limit_bytes', 'gauge', 'Limit of that, 0 for none', ({ memory }) => memory.limit],
  ['in_flight_bytes', 'gauge', 'Bytes delivered and not acknowledged', ({ inFlight }) => inFlight.bytes]
]

const shardFigures: readonly Figure<ShardState>[] = [
  ['shard_lag_seconds', 'gauge', 'Age of what was read last, 0 at the end', ({ lagSeconds }) => lagSeconds],
  ['shard_lag_log_groups', 'gauge', 'Log groups up to the end', ({ lagGroups }) => lagGroups],
  ['shard_in_flight_batches', 'gauge', 'Batches not acknowledged', ({ inFlightBatches }) => inFlightBatches],
  ['shard_stopped', 'gauge', '1 where a policy stopped it', ({ status }) => (status === 'stopped' ? 1 : 0)]
]

/** The figures of a status; what is not known is left out. */
export function metricsOf(status: SourceStatus): Metric[] {
  const own = sourceFigures.flatMap((figure) => metric(figure, status, {}))
  const shards = status.shards.flatMap((state) => {
    const labels = { logstore: state.logstore, shard: String(state.shard) }
    return shardFigures.flatMap((figure) => metric(figure, state, labels))
  })
  return [...own, ...shards]
}

function metric<T>(figure: Figure<T>, of: T, labels: Metric['labels']): Metric[] {
  const [name, type, help, figureOf] = figure
  const value = figureOf(of)
  return value === undefined ? [] : [{ name: `sls_source_${name}`, type, help, labels, value }]
}
