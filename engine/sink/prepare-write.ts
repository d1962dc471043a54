import { LogGroupEncoder, measureLog } from '../client/codec/log-group-encoder'
import {
  assertContents,
  assertLogTime,
  isPairs,
  type LogInput,
  notPair,
  notText
} from '../client/codec/log-input'
import { SlsError } from '../client/errors'
import type { Content } from '../client/model'
import { type BatchFrame, batchKey } from './batch-key'
import { adjustHashKey, assertHashKey } from './hash-key'
import { SERVICE_LIMITS } from './options'
import { WriteError } from './write-error'
import type { WriteTicket } from './write-ledger'

/** Logs for one place, written as one: all are accepted, or the promise rejects. */
export interface SinkWrite {
  logstore?: string | undefined
  topic?: string | undefined
  source?: string | undefined
  tags?: readonly Content[] | undefined
  /** 32 hex digits; rounded down to a bucket where the sink is told so. Empty: no key, the service chooses. */
  hashKey?: string | undefined
  /** Must not be changed until the write is settled. */
  logs: readonly LogInput[]
}

/** A write whose every log was found good. */
export interface PreparedWrite {
  readonly frame: BatchFrame
  readonly key: string
  /** Writes of one order key arrive in the order written, where the sink keeps order. */
  readonly orderKey: string
  readonly logs: readonly LogInput[]
  /** Bytes each log adds to a batch: bounds from above until measured. */
  sizes: ArrayLike<number>
  /** Bytes of topic, source and tags in a batch, likewise. */
  frameBytes: number
  /** Sizes are exact. */
  measured: boolean
  /** Logs that are in a batch already. */
  next: number
  readonly ticket: WriteTicket
}

/** Most bytes around a log and around one of its fields, and of one UTF-16 unit in UTF-8. */
const LOG_BOUND = 24
const FIELD_BOUND = 24
const UNIT_BOUND = 3

export interface WriteDefaults {
  readonly logstore: string | undefined
  readonly buckets: number | undefined
}

/**
 * Checks a whole write before any of it is kept.
 * @throws SlsError `InvalidOption` (logstore, hashKey), WriteError `InvalidLog` or `LogTooLarge` naming the log
 */
export function prepareWrite(
  write: SinkWrite,
  defaults: WriteDefaults,
  open: (logs: number, logstore: string) => WriteTicket
): PreparedWrite {
  if (!Array.isArray(write.logs)) throw new SlsError('InvalidLog', 'logs must be an array', { field: 'logs' })
  const logs: readonly LogInput[] = write.logs
  const frame = frameOf(write, defaults)
  const key = batchKey(frame)
  const frameBytes = boundFrame(frame)
  const sizes = logs.length === 1 ? [0] : new Uint32Array(logs.length)
  for (let index = 0; index < logs.length; index++)
    sizes[index] = checkedBound(logs, index, frame, frameBytes)
  return {
    frame,
    key,
    orderKey: write.hashKey
      ? `key ${frame.logstore.length}:${frame.logstore}${write.hashKey.toLowerCase()}`
      : `batch ${key}`,
    logs,
    sizes,
    frameBytes,
    measured: false,
    next: 0,
    ticket: open(logs.length, frame.logstore)
  }
}

/** Replaces the bounds by exact sizes. */
export function measureWrite(write: PreparedWrite): void {
  if (write.measured) return
  write.sizes = Uint32Array.from(write.logs, measureLog)
  write.frameBytes = measureFrame(write.frame)
  write.measured = true
}

function frameOf(write: SinkWrite, defaults: WriteDefaults): BatchFrame {
  const logstore = write.logstore || defaults.logstore
  if (typeof logstore !== 'string') {
    throw new SlsError('InvalidOption', 'logstore is missing: neither the sink nor the write names one', {
      field: 'logstore'
    })
  }
  return {
    logstore,
    topic: text('topic', write.topic),
    source: text('source', write.source),
    tags: checkedTags(write.tags),
    hashKey: hashKeyOf(write.hashKey, defaults.buckets)
  }
}

function hashKeyOf(hashKey: unknown, buckets: number | undefined): string | undefined {
  const given = text('hashKey', hashKey)
  if (given === '') return undefined
  return buckets === undefined ? assertHashKey(given) : adjustHashKey(given, buckets)
}

function text(field: string, value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string') throw new SlsError('InvalidLog', `${field} must be a string`, { field })
  return value
}

function checkedTags(tags: unknown): readonly Content[] {
  if (tags === undefined || tags === null) return []
  const isPair = (tag: unknown) =>
    Array.isArray(tag) && tag.length === 2 && tag.every((part) => typeof part === 'string')
  if (Array.isArray(tags) && tags.every(isPair)) return tags as Content[]
  throw new SlsError('InvalidLog', 'tags must be pairs of strings: [key, value]', { field: 'tags' })
}

function checkedBound(
  logs: readonly LogInput[],
  index: number,
  frame: BatchFrame,
  frameBytes: number
): number {
  const log = logs[index] as LogInput
  let bound: number
  try {
    bound = boundLog(log)
  } catch (error) {
    if (!(error instanceof SlsError)) throw error
    const { message, field } = error
    const place = logs.length === 1 ? message : `log ${index}: ${message}`
    throw new WriteError('InvalidLog', place, { field, logs: logs.length, acceptedLogs: 0, logIndex: index })
  }
  return bound + frameBytes <= SERVICE_LIMITS.bytes ? bound : withinLimit(logs, index, frame)
}

function withinLimit(logs: readonly LogInput[], index: number, frame: BatchFrame): number {
  const bytes = measureLog(logs[index] as LogInput)
  const limitBytes = SERVICE_LIMITS.bytes - measureFrame(frame)
  if (bytes <= limitBytes) return bytes
  throw new WriteError(
    'LogTooLarge',
    `log ${index} has ${bytes} bytes; a request takes ${limitBytes} besides its topic, source and tags`,
    {
      logs: logs.length,
      acceptedLogs: 0,
      logIndex: index,
      logBytes: bytes,
      limitBytes,
      hint: 'Split or shorten the log'
    }
  )
}

function assertLog(log: unknown): asserts log is LogInput {
  if (typeof log !== 'object' || log === null) {
    throw new SlsError('InvalidLog', 'a log must be an object of time and contents', { field: 'logs' })
  }
  assertLogTime(log as LogInput)
}

function boundLog(log: unknown): number {
  assertLog(log)
  const { contents } = log
  let units = 0
  let fields = 0
  if (isPairs(contents)) {
    fields = contents.length
    for (let index = 0; index < fields; index++) {
      const pair: unknown = contents[index]
      if (!Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== 'string') throw notPair(index)
      units += pair[0].length + unitsOf(pair[0], pair[1])
    }
  } else {
    assertContents(contents)
    for (const key in contents) {
      if (!Object.hasOwn(contents, key)) continue
      fields++
      units += key.length + unitsOf(key, contents[key])
    }
  }
  return LOG_BOUND + fields * FIELD_BOUND + units * UNIT_BOUND
}

function unitsOf(key: string, value: unknown): number {
  if (typeof value !== 'string') throw notText(key, value)
  return value.length
}

function boundFrame(frame: BatchFrame): number {
  let units = frame.topic.length + frame.source.length
  for (const [key, value] of frame.tags) units += key.length + value.length
  return (2 + frame.tags.length) * FIELD_BOUND + units * UNIT_BOUND
}

function measureFrame(frame: BatchFrame): number {
  return new LogGroupEncoder(frame, 0).byteLength
}
