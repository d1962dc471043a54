import { availableParallelism } from 'node:os'
import type { SlsClient } from '../client/client'
import { supportedCompressions } from '../client/compression/compression'
import type { CompressionName } from '../client/model'
import {
  callable,
  checkNames,
  having,
  invalid,
  longestTimer,
  type OptionNames,
  oneOf,
  truth,
  whole
} from '../client/option-checks'
import type { ClientOptions } from '../client/options'
import { checkRetryPolicy, type RetryPolicy } from '../client/retry'
import { type SinkClock, systemClock } from './clock'
import { isBucketCount } from './hash-key'
import type { ServiceTime, TimeRepairName } from './log-time'

/** What SLS takes in one request: 10 MiB before compression (PutLogs page, Java SDK), 40,960 logs (producers). */
export const SERVICE_LIMITS = Object.freeze({ bytes: 10 * 1024 * 1024, lines: 40_960 })

const SMALLEST_SPOOL = 65_536

/** The one call a sink needs of a client, the policy it retries by, the service's time, and for a dry run the shards. */
export type PutClient = Pick<SlsClient, 'putLogs'> &
  Partial<Pick<SlsClient, 'retryPolicy' | 'now' | 'clockOffset' | 'listShards'>>

export type OverflowName = 'wait' | 'reject' | 'dropOldest' | 'spool'

const TIME_REPAIRS: readonly TimeRepairName[] = ['keep', 'rewrite', 'reject']

const OVERFLOWS: readonly OverflowName[] = ['wait', 'reject', 'dropOldest', 'spool']

/**
 * off: nothing goes to disk; overflow: what the buffer has no room for, and everything while the service is out of
 * reach; always: everything, before it is sent.
 */
export type SpoolMode = 'off' | 'overflow' | 'always'

const SPOOL_MODES: readonly SpoolMode[] = ['off', 'overflow', 'always']

export interface SinkOptions {
  /** A client, which stays the caller's, or what one is made of, which the sink closes with itself. */
  client: PutClient | ClientOptions
  /** Where a write goes that names no logstore. */
  logstore?: string | undefined
  /** Hash keys are rounded down to one of `buckets`; true where not given. */
  adjustShardHash?: boolean | undefined
  /** A power of two, 1..512; 64 where not given. */
  buckets?: number | undefined
  /** Milliseconds a log may wait for its batch to fill, 0 for none; 3000 where not given. */
  flushInterval?: number | undefined
  /** Logs of a batch, 1..40960; 2000 where not given. */
  maxLines?: number | undefined
  /** Encoded bytes of a batch before compression, up to 10485760; 5242880 where not given. */
  maxBytes?: number | undefined
  /**
   * Bytes held in open, waiting and flying batches: their encoded bytes, and for bookkeeping 1024 a batch and
   * 512 a write. 104857600 where not given. Records of writes that wait for room are the caller's and do not count.
   */
  totalBytes?: number | undefined
  /** Requests in flight; half of the processors, at least 1, where not given. */
  concurrency?: number | undefined
  /** Fewer requests in flight while a logstore throttles or slows down; true where not given. */
  adaptiveConcurrency?: boolean | undefined
  /** Logs of one hash key, or without one of one topic, source and tags, arrive in the order written. */
  ordered?: boolean | undefined
  /** lz4 where not given. */
  compression?: CompressionName | undefined
  /**
   * What a write meets when the buffer is full, and the disk does not help; `wait` where not given. `spool` is `wait`
   * that needs a spool.
   */
  overflow?: OverflowName | undefined
  /** Milliseconds that a write may wait for room, 0 for none, -1 for ever; 60000 where not given. */
  maxBlock?: number | undefined
  /** Batches open at a time, the oldest is sent when there would be more; 1000 where not given. */
  maxOpenBatches?: number | undefined
  /**
   * What becomes of logs more than 7 days old or more than 15 minutes ahead, which the service refuses; `keep` where
   * not given. A time that a wrong clock of this machine made is put right in any case.
   */
  timeRepair?: TimeRepairName | undefined
  /** Nothing is sent: writes resolve as if it were, and `planned` events show what would be. false where not given. */
  dryRun?: boolean | undefined
  /** Which logs go to disk, and count as accepted once they are synced there; `off` where not given. */
  spool?: SpoolMode | undefined
  /** The folder of the spool, used by this sink alone. Needed unless `spool` is off; a dry run does not touch it. */
  spoolPath?: string | undefined
  /** Bytes of the spool's files, 65536 and more; 1073741824 where not given. What has no room stays in the buffer. */
  spoolBytes?: number | undefined
  /** Seconds after which logs on disk are given up, which is reported; 0, for never, where not given. */
  spoolMaxAge?: number | undefined
  /** Over the client's own policy. */
  retry?: Partial<RetryPolicy> | undefined
  /**
   * Milliseconds since a log was written for which whatever may pass is tried again, however often; 0 or not given:
   * as often as `retry` says.
   */
  maxRetryAge?: number | undefined
  clock?: SinkClock | undefined
  /** 0 up to 1; Math.random where not given. */
  random?: (() => number) | undefined
}

const sinkOptions: OptionNames<SinkOptions> = {
  client: true,
  logstore: true,
  adjustShardHash: true,
  buckets: true,
  flushInterval: true,
  maxLines: true,
  maxBytes: true,
  totalBytes: true,
  concurrency: true,
  adaptiveConcurrency: true,
  ordered: true,
  compression: true,
  overflow: true,
  maxBlock: true,
  maxOpenBatches: true,
  timeRepair: true,
  dryRun: true,
  spool: true,
  spoolPath: true,
  spoolBytes: true,
  spoolMaxAge: true,
  retry: true,
  maxRetryAge: true,
  clock: true,
  random: true
}

export interface SpoolSettings {
  readonly mode: 'overflow' | 'always'
  readonly path: string
  /** Bytes. */
  readonly limit: number
  /** Milliseconds; Infinity for no bound. */
  readonly maxAge: number
}

/** Sink options, checked and complete. */
export interface SinkSettings {
  readonly logstore: string | undefined
  /** undefined: hash keys are sent as they are. */
  readonly buckets: number | undefined
  readonly flushInterval: number
  readonly maxLines: number
  readonly maxBytes: number
  readonly totalBytes: number
  readonly concurrency: number
  readonly adaptiveConcurrency: boolean
  readonly ordered: boolean
  readonly compression: CompressionName
  readonly overflow: OverflowName
  readonly maxBlock: number
  readonly maxOpenBatches: number
  readonly timeRepair: TimeRepairName
  readonly dryRun: boolean
  /** Undefined where nothing goes to disk. */
  readonly spool: SpoolSettings | undefined
  readonly retry: RetryPolicy
  /** 0: retries are counted instead. */
  readonly maxRetryAge: number
  readonly clock: SinkClock
  readonly random: () => number
}

/** @throws SlsError `InvalidOption`; its `field` names the option. */
export function checkSinkOptions(options: SinkOptions, base: RetryPolicy): SinkSettings {
  checkNames(options, sinkOptions)
  const half = Math.max(Math.floor(availableParallelism() / 2), 1)
  const buckets = whole('buckets', options.buckets ?? 64, 1, 512)
  if (!isBucketCount(buckets)) throw invalid('buckets', 'buckets must be a power of two from 1 to 512')
  return {
    logstore: optionalName(options.logstore),
    buckets: truth('adjustShardHash', options.adjustShardHash ?? true) ? buckets : undefined,
    flushInterval: whole('flushInterval', options.flushInterval ?? 3000, 0, longestTimer),
    maxLines: whole('maxLines', options.maxLines ?? 2000, 1, SERVICE_LIMITS.lines),
    maxBytes: whole('maxBytes', options.maxBytes ?? 5_242_880, 1, SERVICE_LIMITS.bytes),
    totalBytes: whole('totalBytes', options.totalBytes ?? 104_857_600, 1, Number.MAX_SAFE_INTEGER),
    concurrency: whole('concurrency', options.concurrency ?? half, 1, 1024),
    adaptiveConcurrency: truth('adaptiveConcurrency', options.adaptiveConcurrency ?? true),
    ordered: truth('ordered', options.ordered ?? false),
    compression: oneOf('compression', options.compression ?? 'lz4', supportedCompressions()),
    overflow: oneOf('overflow', options.overflow ?? 'wait', OVERFLOWS),
    maxBlock: whole('maxBlock', options.maxBlock ?? 60_000, -1, longestTimer),
    maxOpenBatches: whole('maxOpenBatches', options.maxOpenBatches ?? 1000, 1, 1_000_000),
    timeRepair: oneOf('timeRepair', options.timeRepair ?? 'keep', TIME_REPAIRS),
    dryRun: truth('dryRun', options.dryRun ?? false),
    spool: checkSpool(options),
    retry: checkRetryPolicy(options.retry, base),
    maxRetryAge: whole('maxRetryAge', options.maxRetryAge ?? 0, 0, Number.MAX_SAFE_INTEGER),
    clock: having('clock', options.clock ?? systemClock, ['now', 'date', 'after']),
    random: callable('random', options.random ?? Math.random)
  }
}

/** The time as the client knows it of the service, else this machine's. */
export function serviceTime(client: PutClient): ServiceTime {
  return { now: client.now?.() ?? Date.now(), offset: client.clockOffset ?? 0 }
}

function checkSpool(options: SinkOptions): SpoolSettings | undefined {
  const mode = oneOf('spool', options.spool ?? 'off', SPOOL_MODES)
  const limit = whole(
    'spoolBytes',
    options.spoolBytes ?? 1_073_741_824,
    SMALLEST_SPOOL,
    Number.MAX_SAFE_INTEGER
  )
  const maxAge = whole('spoolMaxAge', options.spoolMaxAge ?? 0, 0, longestTimer)
  if (mode === 'off') {
    if (options.overflow === 'spool')
      throw invalid('overflow', 'overflow: spool needs spool: overflow or always')
    return undefined
  }
  const path = options.spoolPath
  if (typeof path !== 'string' || path.trim() === '')
    throw invalid('spoolPath', 'spoolPath must name the folder of the spool')
  if (options.dryRun === true) return undefined
  return { mode, path, limit, maxAge: maxAge === 0 ? Number.POSITIVE_INFINITY : maxAge * 1000 }
}

function optionalName(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') throw invalid('logstore', 'logstore must be the name of a logstore')
  return value
}
