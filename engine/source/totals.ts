import type { SourceEmitter } from './events'
import type { FetchAnswer } from './shard-fetch'

/** What a source did since it began; never goes down. */
export interface SourceCounts {
  fetches: number
  emptyFetches: number
  /** Log groups, and bytes of them, fetched. */
  groups: number
  bytes: number
  /** Logs delivered, repeats included. */
  logs: number
  /** With a query: logs that it read, that it left, and on which it failed. */
  rawLogs: number
  matchedLogs: number
  failedLogs: number
  retries: number
  redeliveries: number
  /** Batches that were not acknowledged in time. */
  overdue: number
  /** Logs, or whole log groups, that were given up. */
  poison: number
  /** Cursors that were not valid any more. */
  skips: number
  /** Positions without a log group where there should be one. */
  missing: number
  /** Readers of shards that hung and were replaced. */
  stalls: number
  commits: number
  commitFailures: number
}

/** Counts over all shards, whether they are still read or not. */
export class Totals {
  readonly counts: SourceCounts = {
    fetches: 0,
    emptyFetches: 0,
    groups: 0,
    bytes: 0,
    logs: 0,
    rawLogs: 0,
    matchedLogs: 0,
    failedLogs: 0,
    retries: 0,
    redeliveries: 0,
    overdue: 0,
    poison: 0,
    skips: 0,
    missing: 0,
    stalls: 0,
    commits: 0,
    commitFailures: 0
  }

  constructor(emitter: SourceEmitter) {
    const { counts } = this
    emitter.on('retry', () => counts.retries++)
    emitter.on('redelivery', () => counts.redeliveries++)
    emitter.on('overdue', () => counts.overdue++)
    emitter.on('poison', () => counts.poison++)
    emitter.on('skipped', () => counts.skips++)
    emitter.on('gap', ({ groups }) => {
      counts.missing += groups
    })
    emitter.on('stalled', () => counts.stalls++)
    emitter.on('commit', () => counts.commits++)
    emitter.on('commitFailed', () => counts.commitFailures++)
  }

  fetched({ groups, rawSize, filter }: FetchAnswer): void {
    const { counts } = this
    counts.fetches++
    if (groups.length === 0) counts.emptyFetches++
    counts.groups += groups.length
    counts.bytes += rawSize
    counts.rawLogs += filter?.lines ?? 0
    counts.matchedLogs += filter?.results ?? 0
    counts.failedLogs += filter?.failed ?? 0
  }

  delivered(logs: number): void {
    this.counts.logs += logs
  }
}
