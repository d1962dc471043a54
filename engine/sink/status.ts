import type { Accumulator } from './accumulator'
import type { Admission } from './admission'
import type { DryRun, PlannedRequest } from './dry-run'
import type { Health, LastError } from './health'
import type { LatencyQuantiles } from './latency-histogram'
import type { MemoryBudget } from './memory-budget'
import type { SinkSettings } from './options'
import type { Slowdown } from './rate-control'
import type { Sender } from './sender'
import type { SpoolStatus } from './spool-status'
import type { StoreAndForward } from './store-and-forward'
import type { Throughput } from './throughput'
import type { WriteLedger } from './write-ledger'

/**
 * idle: nothing to do; sending: logs are on their way; retrying: a call failed and will be repeated; waiting: writes
 * wait for room in the buffer; error: logs failed, and none was accepted there since; closed.
 */
export type SinkState = 'idle' | 'sending' | 'retrying' | 'waiting' | 'error' | 'closed'

/** A plain snapshot; counts are totals since the sink was made. */
export interface SinkStatus {
  state: SinkState
  /** Logs and their encoded bytes in the buffer. */
  bufferedLogs: number
  bufferedBytes: number
  /** Bytes reckoned for the buffer, bookkeeping included, the most there ever were, and the limit. */
  memory: { used: number; peak: number; limit: number }
  /** `high` from when the buffer is 80 % full until it is half empty again: who writes should slow down. */
  pressure: 'high' | 'low'
  openBatches: number
  /** Batches sealed and not yet settled. */
  sealedBatches: number
  /** Age of the oldest log in the buffer, in milliseconds. */
  oldest: number
  /** Requests on the wire. */
  inFlight: number
  /** Writes that wait for room, and their logs outside the buffer. */
  waitingWrites: number
  waitingLogs: number
  /** Writes that are not settled. */
  pendingWrites: number
  /** Logs accepted, and their encoded bytes. */
  logs: number
  bytes: number
  /** Over the last ten seconds. */
  logsPerSecond: number
  bytesPerSecond: number
  requests: number
  retries: number
  /** Logs that got another time, since the service would have refused theirs. */
  repairedTimes: number
  /** Logs and writes that failed, those dropped or refused for want of room included. */
  failed: number
  failedWrites: number
  /** Logs dropped to make room. */
  dropped: number
  /** Logstores that throttle or are out of reach. */
  slowed: Slowdown[]
  /** Logs of writes that went to disk. */
  spooled: number
  /** Only where there is a spool. */
  spool?: SpoolStatus
  lastError?: LastError
  /** Only of a dry run: nothing was sent, the other figures tell what would have been. */
  dryRun?: { requests: number; last?: PlannedRequest }
  /** Milliseconds of accepted calls. */
  latency: LatencyQuantiles
}

export interface StatusInput {
  /** By the sink's clock. */
  readonly now: number
  readonly phase: 'open' | 'closed'
  readonly settings: SinkSettings
  readonly ledger: WriteLedger
  readonly budget: MemoryBudget
  readonly admission: Admission
  readonly accumulator: Accumulator
  readonly sender: Sender
  readonly spool: StoreAndForward | undefined
  readonly health: Health
  readonly accepted: Throughput
  readonly dropped: number
  readonly dryRun: DryRun | undefined
}

export function statusOf(input: StatusInput): SinkStatus {
  const { now, settings, ledger, budget, admission, accumulator, sender, spool, accepted, dryRun } = input
  const rate = accepted.perSecond(now)
  const status: SinkStatus = {
    state: stateOf(input),
    ...buffered(input),
    memory: {
      used: budget.used + (spool?.memory.used ?? 0),
      peak: budget.peak + (spool?.memory.peak ?? 0),
      limit: settings.totalBytes
    },
    pressure: budget.level,
    openBatches: accumulator.openBatches,
    sealedBatches: sender.batches.size,
    inFlight: sender.inFlight,
    waitingWrites: admission.waitingWrites,
    waitingLogs: admission.waitingLogs,
    pendingWrites: ledger.pendingWrites,
    logs: accepted.logs,
    bytes: accepted.bytes,
    logsPerSecond: rate.logs,
    bytesPerSecond: rate.bytes,
    requests: sender.requests.count,
    retries: sender.retries,
    repairedTimes: sender.requests.repairedTimes,
    failed: ledger.failedLogs,
    failedWrites: ledger.failedWrites,
    dropped: input.dropped,
    slowed: sender.slowdowns(),
    spooled: ledger.spooledLogs,
    latency: sender.requests.latency.quantiles()
  }
  if (spool !== undefined) status.spool = spool.status()
  const lastError = input.health.lastError(now)
  if (lastError !== undefined) status.lastError = lastError
  if (dryRun !== undefined) {
    const { requests, last } = dryRun
    status.dryRun = last === undefined ? { requests } : { requests, last }
  }
  return status
}

function stateOf({ phase, sender, health, admission, ledger }: StatusInput): SinkState {
  if (phase === 'closed') return 'closed'
  if (sender.batches.anyFailing) return 'retrying'
  if (health.isFailing) return 'error'
  if (admission.waitingWrites > 0) return 'waiting'
  return ledger.pendingWrites > 0 ? 'sending' : 'idle'
}

function buffered({
  now,
  sender,
  accumulator
}: StatusInput): Pick<SinkStatus, 'bufferedLogs' | 'bufferedBytes' | 'oldest'> {
  let bufferedLogs = 0
  let bufferedBytes = 0
  let since = now
  for (const batches of [sender.batches, accumulator.batches]) {
    for (const batch of batches) {
      if (batch.stored !== undefined) continue
      bufferedLogs += batch.pendingLogs
      bufferedBytes += batch.pendingBytes
      since = Math.min(since, batch.openedAt)
    }
  }
  return { bufferedLogs, bufferedBytes, oldest: Math.round(now - since) }
}
