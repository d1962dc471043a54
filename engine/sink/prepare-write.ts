import { measureLog } from '../client/codec/log-group-encoder'
import {
  assertContents,
  assertLogTime,
  assertRecord,
  inheritsFields,
  isPairs,
  type LogInput,
  notPair,
  notText
} from '../client/codec/log-input'
import { SlsError } from '../client/errors'
import { isUntimely, type ServiceTime } from './log-time'
import { SERVICE_LIMITS } from './options'
import { largestPart, measureFrame, type Place, type WriteTarget } from './place'
import { asSlsError, WriteError } from './write-error'
import type { WriteTicket } from './write-ledger'

/** Logs for one place, written as one: all are accepted, or the promise rejects. */
export interface SinkWrite extends WriteTarget {
  /** Must not be changed until the write is settled. */
  logs: readonly LogInput[]
}

/** A write whose every log was found good. */
export interface PreparedWrite {
  readonly place: Place
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

/**
 * Checks every log of a write, before any of it is kept.
 * @param refusing the time by which logs are refused that the service would refuse; undefined: none is
 * @returns the most bytes that each log adds to a batch
 * @throws WriteError `InvalidLog` or `LogTooLarge` naming the log, or the topic, source or tags that leave no room for it
 */
export function checkLogs(logs: unknown, place: Place, refusing?: ServiceTime): ArrayLike<number> {
  if (!Array.isArray(logs)) throw new SlsError('InvalidLog', 'logs must be an array', { field: 'logs' })
  if (logs.length === 1) return [checkedBound(logs, 0, place, refusing)]
  const sizes = new Uint32Array(logs.length)
  for (let index = 0; index < logs.length; index++) sizes[index] = checkedBound(logs, index, place, refusing)
  return sizes
}

/** Replaces the bounds by exact sizes. */
export function measureWrite(write: PreparedWrite): void {
  if (write.measured) return
  write.sizes = Uint32Array.from(write.logs, measureLog)
  write.frameBytes = measureFrame(write.place.frame)
  write.measured = true
}

function checkedBound(
  logs: readonly unknown[],
  index: number,
  place: Place,
  refusing: ServiceTime | undefined
): number {
  const log = logs[index]
  try {
    const bound = boundLog(log)
    if (refusing !== undefined) assertTimely(log as LogInput, refusing)
    if (bound + place.frameBound <= SERVICE_LIMITS.bytes) return bound
  } catch (error) {
    // A getter or a proxy may throw anything.
    const { message, field = 'logs' } = asSlsError(error)
    const place = logs.length === 1 ? message : `log ${index}: ${message}`
    throw new WriteError('InvalidLog', place, { field, logs: logs.length, acceptedLogs: 0, logIndex: index })
  }
  return withinLimit(logs.length, index, log as LogInput, place)
}

function withinLimit(logs: number, logIndex: number, log: LogInput, place: Place): number {
  const logBytes = measureLog(log)
  const frameBytes = measureFrame(place.frame)
  const limitBytes = SERVICE_LIMITS.bytes - frameBytes
  if (logBytes <= limitBytes) return logBytes
  if (frameBytes > logBytes) throw frameTooLarge(place, logs, SERVICE_LIMITS.bytes - logBytes)
  const message = `log ${logIndex} has ${logBytes} bytes; a request takes ${limitBytes} besides its topic, source and tags`
  const hint = 'Split or shorten the log'
  throw new WriteError('LogTooLarge', message, {
    logs,
    acceptedLogs: 0,
    logIndex,
    logBytes,
    limitBytes,
    hint
  })
}

/** @param limitBytes what topic, source and tags may have together */
function frameTooLarge({ frame }: Place, logs: number, limitBytes: number): WriteError {
  const { field, bytes } = largestPart(frame)
  const message = `${field} ${field === 'tags' ? 'have' : 'has'} ${bytes} bytes, which leaves no room for a log: a request takes ${SERVICE_LIMITS.bytes}`
  const hint = `Shorten the ${field}, or write it as a field of the logs`
  return new WriteError('LogTooLarge', message, { logs, acceptedLogs: 0, field, limitBytes, hint })
}

function boundLog(log: unknown): number {
  assertLogTime(log as LogInput)
  const { contents } = log as LogInput
  return isPairs(contents) ? boundPairs(contents) : boundRecord(contents)
}

function boundPairs(contents: readonly unknown[]): number {
  let units = 0
  for (let index = 0; index < contents.length; index++) {
    const pair = contents[index]
    if (!Array.isArray(pair) || pair.length !== 2) throw notPair(index)
    const [key, value]: unknown[] = pair
    if (typeof key !== 'string') throw notPair(index)
    if (typeof value !== 'string') throw notText(key, value)
    units += key.length + value.length
  }
  return LOG_BOUND + contents.length * FIELD_BOUND + units * UNIT_BOUND
}

function boundRecord(contents: Readonly<Record<string, unknown>>): number {
  assertContents(contents)
  let units = 0
  let fields = 0
  const inherits = inheritsFields(contents)
  for (const key in contents) {
    if (inherits && !Object.hasOwn(contents, key)) continue
    const value = contents[key]
    if (typeof value !== 'string') throw notText(key, value)
    units += key.length + value.length
    fields++
  }
  if (fields === 0) assertRecord(contents)
  return LOG_BOUND + fields * FIELD_BOUND + units * UNIT_BOUND
}

function assertTimely({ time }: LogInput, service: ServiceTime): void {
  if (!isUntimely(time, service)) return
  const seconds = Math.round(service.now / 1000) - time
  const off = seconds > 0 ? `${seconds} s old` : `${-seconds} s ahead`
  throw new SlsError('InvalidLog', `time is ${off}; SLS takes 7 days back to 15 minutes ahead`, {
    field: 'time'
  })
}
