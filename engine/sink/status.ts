import type { PlannedRequest } from './dry-run'
import type { LastError } from './health'
import type { LatencyQuantiles } from './latency-histogram'
import type { Slowdown } from './rate-control'
import type { SpoolState } from './spool-keeper'

/**
 * idle: nothing to do; sending: logs are on their way; retrying: a call failed and will be repeated; waiting: writes
 * wait for room in the buffer; error: logs failed, and none was accepted there since; closed.
 */
export type SinkState = 'idle' | 'sending' | 'retrying' | 'waiting' | 'error' | 'closed'

/** What is on disk, and what became of what was. Counts are totals since the sink was made. */
export interface SpoolStatus {
  mode: 'overflow' | 'always'
  path: string
  state: SpoolState
  /** The service has not answered the last calls. */
  offline: boolean
  /** Logs on disk that are not accepted yet, and the bytes of their records. */
  logs: number
  bytes: number
  /** Bytes of the spool's files, and the most they may have. */
  used: number
  limit: number
  /** Age of the oldest log on disk, in milliseconds; 0 where there is none. */
  oldest: number
  /** Logs from disk that the service accepted. */
  drained: number
  /** Logs given up: too old; refused for good; lost to damage of the disk. */
  expired: number
  rejected: number
  lost: number
  lastError?: string
}

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
