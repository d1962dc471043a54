import type { FetchAnswer } from './shard-fetch'

/** Of one shard, since its reader began. */
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

export function countFetch(counts: ReaderCounts, { groups, rawSize, missing, filter }: FetchAnswer): void {
  counts.fetches++
  counts.groups += groups.length
  counts.bytes += rawSize
  counts.missing += missing
  if (groups.length === 0) counts.emptyFetches++
  if (filter === undefined) return
  counts.rawLogs += filter.lines
  counts.rawBytes += filter.bytes
  counts.matchedLogs += filter.results
  counts.failedLogs += filter.failed
}
