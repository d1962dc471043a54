import type { SpoolState } from './spool-keeper'

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
