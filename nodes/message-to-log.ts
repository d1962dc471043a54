import { inheritsFields, type LogInput } from '../engine/client/codec/log-input'
import type { Content } from '../engine/client/model'
import { type BufferText, fieldText, invalidLog, kindOf, plainText, scalarText } from './field-value'
import { type Instant, isNanoseconds, readInstant } from './instant'
import { unreadable } from './unreadable'

/** What content and tags may be, for errors. */
export const expectedContent = 'an object, an array, a text or a number'
export const expectedTags = 'an object or a list of key and value'

/** Logs that share topic, source and tags; undefined where the value itself says nothing of them. */
export interface LogFrame {
  topic?: string | undefined
  source?: string | undefined
  tags?: readonly Content[] | undefined
}

export interface FramedLogs extends LogFrame {
  logs: LogInput[]
}

export interface ConversionOptions {
  /** How the value is called in errors, such as `msg.payload`. */
  field: string
  bytes: BufferText
  /** Time of the log at this index of a value with so many elements, where the log itself names none. */
  time(index: number, count: number): Instant
}

/**
 * The logs that a value stands for. An object is a log, a field a key; an array holds a log an element; anything
 * else is a log with the one field `message`. The raw forms keep what they name: a log is `{time, timeNs, contents}`
 * with ordered contents, a log group `{topic, source, tags, logs}`.
 * @throws SlsError `InvalidLog` naming the field that cannot become part of a log.
 */
export function toLogs(value: unknown, options: ConversionOptions): FramedLogs[] {
  try {
    const logs = new LogCollector(options, Array.isArray(value) ? value.length : 1)
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index++) {
        logs.add(value[index], index, true)
      }
    } else {
      logs.add(value, 0, false)
    }
    return logs.frames
  } catch (error) {
    throw unreadable(error, options.field, expectedContent, value)
  }
}

class LogCollector {
  readonly frames: FramedLogs[] = []
  private plain: LogInput[] | undefined

  constructor(
    private readonly options: ConversionOptions,
    private readonly count: number
  ) {}

  add(value: unknown, index: number, inArray: boolean): void {
    try {
      if (isTextRecord(value)) this.addPlain(this.timed(value, index))
      else this.addLogs(value, this.nameOf(index, inArray), index)
    } catch (error) {
      throw unreadable(error, this.nameOf(index, inArray), expectedContent, value)
    }
  }

  private nameOf(index: number, inArray: boolean): string {
    return inArray ? `${this.options.field}[${index}]` : this.options.field
  }

  private addLogs(value: unknown, field: string, index: number): void {
    if (isRawGroup(value)) {
      this.plain = undefined
      this.frames.push(this.rawGroup(value, field, index))
      return
    }
    const log = isRawLog(value)
      ? this.rawLog(value, field, index)
      : this.timed(contentsOf(value, field, this.options.bytes), index)
    this.addPlain(log)
  }

  private addPlain(log: LogInput): void {
    if (this.plain === undefined) {
      this.plain = []
      this.frames.push({ logs: this.plain })
    }
    this.plain.push(log)
  }

  private timed(contents: LogInput['contents'], index: number): LogInput {
    const { time, timeNs } = this.options.time(index, this.count)
    return { time, timeNs, contents }
  }

  private rawLog(value: RawLog, field: string, index: number): LogInput {
    const { time, timeNs } = rawTime(value, field) ?? this.options.time(index, this.count)
    return { time, timeNs, contents: record(value.contents, `${field}.contents`, this.options.bytes) }
  }

  private rawGroup(value: RawGroup, field: string, index: number): FramedLogs {
    return {
      topic: optionalText(value.topic, `${field}.topic`),
      source: optionalText(value.source, `${field}.source`),
      tags: value.tags === undefined ? undefined : tagsOf(value.tags, `${field}.tags`, this.options.bytes),
      logs: value.logs.map((log, place) => this.rawLog(log, `${field}.logs[${place}]`, index))
    }
  }
}

interface RawLog {
  time?: unknown
  timeNs?: unknown
  contents: unknown
}

interface RawGroup {
  topic?: unknown
  source?: unknown
  tags?: unknown
  logs: readonly RawLog[]
}

const rawLogKeys = new Set(['time', 'timeNs', 'contents'])
const rawGroupKeys = new Set(['topic', 'source', 'tags', 'logs'])

/** Only what has no other field, so that a record that happens to have a field `contents` or `logs` stays a record. */
function isRawLog(value: unknown): value is RawLog {
  if (typeof value !== 'object' || value === null || !('contents' in value)) return false
  const { contents } = value
  if (typeof contents !== 'object' || contents === null) return false
  if (Array.isArray(contents) ? !contents.every(isPair) : !('time' in value)) return false
  return Object.keys(value).every((key) => rawLogKeys.has(key))
}

function isRawGroup(value: unknown): value is RawGroup {
  if (typeof value !== 'object' || value === null || !('logs' in value) || !Array.isArray(value.logs)) {
    return false
  }
  return Object.keys(value).every((key) => rawGroupKeys.has(key)) && value.logs.every(isRawLog)
}

function isPair(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 2 && typeof value[0] === 'string'
  return typeof value === 'object' && value !== null && 'key' in value && 'value' in value
}

function rawTime(log: RawLog, field: string): Instant | undefined {
  if (log.time === undefined || log.time === null) return undefined
  const instant = readInstant(log.time)
  if (instant === undefined) throw invalidLog(`${field}.time`, 'is not a time between 1970 and 2106')
  if (log.timeNs === undefined || log.timeNs === null) return instant
  if (!isNanoseconds(log.timeNs)) throw invalidLog(`${field}.timeNs`, 'is not in 0..999999999')
  return { time: instant.time, timeNs: log.timeNs }
}

function optionalText(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'object') throw invalidLog(field, 'is not a text')
  return String(value)
}

/** An object (a tag a key) or pairs in order. */
export function tagsOf(value: unknown, field: string, bytes: BufferText): readonly Content[] {
  if (typeof value !== 'object' || value === null) throw invalidLog(field, 'is not an object')
  try {
    if (Array.isArray(value) && !value.every(isPair))
      throw invalidLog(field, 'is not a list of key and value')
    return pairsOf(value, field, bytes)
  } catch (error) {
    throw unreadable(error, field, expectedTags, value)
  }
}

function pairsOf(value: unknown, field: string, bytes: BufferText): Content[] {
  const pairs: Content[] = []
  const add = (key: unknown, element: unknown) => {
    const name = checkedKey(key, field)
    const text =
      typeof element === 'object' ? fieldText(element, `${field}.${name}`, bytes) : scalarText(element)
    if (text !== undefined) pairs.push([name, text])
  }
  if (Array.isArray(value)) {
    for (const pair of value) add(...entryOf(pair))
  } else {
    for (const key of Object.keys(value as object)) add(key, (value as Record<string, unknown>)[key])
  }
  return pairs
}

function entryOf(pair: unknown): readonly [unknown, unknown] {
  if (Array.isArray(pair)) return [pair[0], pair[1]]
  const { key, value } = pair as { key: unknown; value: unknown }
  return [key, value]
}

function checkedKey(key: unknown, field: string): string {
  if (typeof key !== 'string' || key === '') throw invalidLog(field, 'holds a field without a name')
  return key
}

function contentsOf(value: unknown, field: string, bytes: BufferText): LogInput['contents'] {
  if (value === undefined || value === null) throw invalidLog(field, `is ${value}: there is nothing to log`)
  if (typeof value !== 'object') {
    const text = fieldText(value, field, bytes)
    if (text === undefined) throw invalidLog(field, `is a ${typeof value}, which no log can hold`)
    return [['message', text]]
  }
  if (Object.getPrototypeOf(value) === Object.prototype && !('toJSON' in value))
    return record(value, field, bytes)
  const text = plainText(value, bytes)
  if (text !== undefined) return [['message', text]]
  if ('toJSON' in value && typeof value.toJSON === 'function') return writtenAs(value, field, bytes)
  switch (kindOf(value)) {
    case 'Array':
    case 'Set':
      return [['message', fieldText(value, field, bytes) ?? '']]
    case 'Map':
      return record(entriesOf(value as Map<unknown, unknown>), field, bytes)
    default:
      return record(value, field, bytes)
  }
}

/** An instance of a class that says itself how it is written. */
function writtenAs(value: object, field: string, bytes: BufferText): LogInput['contents'] {
  const json = (value as { toJSON(): unknown }).toJSON()
  const isOther = typeof json === 'object' && json !== null && !Array.isArray(json) && json !== value
  if (isOther && plainText(json, bytes) === undefined) return record(json, field, bytes)
  return json === value ? record(value, field, bytes) : contentsOf(json, field, bytes)
}

/** As pairs, so that keys whose texts are alike are all kept. */
function entriesOf(map: Map<unknown, unknown>): [string, unknown][] {
  return Array.from(map, ([key, value]) => [String(key), value])
}

/** True where the value can be encoded as it is: no raw form, whose fields hold more than texts, looks like that. */
export function isTextRecord(value: unknown): value is Record<string, string> {
  if (typeof value !== 'object' || value === null) return false
  try {
    return holdsTexts(value)
  } catch {
    return false // a getter or a proxy
  }
}

function holdsTexts(value: object): boolean {
  if (inheritsFields(value)) return false
  let any = false
  for (const key in value) {
    if (key === '' || typeof (value as Record<string, unknown>)[key] !== 'string') return false
    any = true
  }
  return any
}

/** SLS refuses a log without a field, and with it all others of the request. */
function record(value: unknown, field: string, bytes: BufferText): Content[] {
  const pairs = pairsOf(value, field, bytes)
  if (pairs.length === 0) throw invalidLog(field, 'has no fields: there is nothing to log')
  return pairs
}
