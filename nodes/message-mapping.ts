import { types } from 'node:util'
import { SlsError } from '../engine/client/errors'
import type { Content } from '../engine/client/model'
import { md5HashKey } from '../engine/sink/hash-key'
import type { SinkWrite } from '../engine/sink/prepare-write'
import { describe, fieldText, invalidLog } from './field-value'
import { type Instant, ofMilliseconds, readInstant } from './instant'
import { expectedContent, expectedTags, isTextRecord, tagsOf, toLogs } from './message-to-log'
import type { NodeMessage } from './node-red'
import { expectedReceived, receivedLogs, timeOf } from './received-logs'
import type { Mapping } from './sink-settings'
import type { TypedValue } from './typed-value'
import { unreadable } from './unreadable'

/** By field, for errors. */
const expected: Readonly<Record<string, string>> = {
  time: 'a time between 1970 and 2106',
  topic: 'a text',
  source: 'a text',
  tags: expectedTags,
  hashKey: 'a text'
}

/** What the typed inputs gave for one message; undefined where a property is blank. */
interface MappedValues {
  content: unknown
  time: unknown
  topic: unknown
  source: unknown
  tags: unknown
  hashKey: unknown
}

/**
 * The writes that a message stands for: one for each combination of topic, source and tags. At once where all typed
 * inputs are, else as a promise.
 * @param clock Unix milliseconds, for logs without a time of their own
 * @throws SlsError `InvalidLog` or `InvalidOption` naming the field at fault (as a rejection where it is a promise)
 */
export function mapMessage(
  mapping: Mapping,
  message: NodeMessage,
  clock: () => number = Date.now
): SinkWrite[] | Promise<SinkWrite[]> {
  const { time, topic, source, tags, hashKey } = mapping
  const content = evaluated(mapping.content, message, mapping.contentName)
  if (mapping.isPlain && slsOf(message) === undefined && isTextRecord(content)) {
    const { time: second, timeNs } = present(clock)
    return [{ logstore: logstoreOf(mapping, message), logs: [{ time: second, timeNs, contents: content }] }]
  }
  const values: MappedValues = {
    content,
    time: time && evaluated(time, message, 'time'),
    topic: topic && evaluated(topic, message, 'topic'),
    source: source && evaluated(source, message, 'source'),
    tags: tags && evaluated(tags, message, 'tags'),
    hashKey: hashKey && evaluated(hashKey.value, message, 'hashKey')
  }
  return isPending(values)
    ? settled(values, mapping.contentName).then((ready) => writes(mapping, message, ready, clock))
    : writes(mapping, message, values, clock)
}

function evaluated(typed: TypedValue, message: NodeMessage, field: string): unknown {
  try {
    return typed(message)
  } catch (error) {
    throw unreadable(error, field, expected[field] ?? expectedContent)
  }
}

function isPending({ content, time, topic, source, tags, hashKey }: MappedValues): boolean {
  return (
    isPromise(content) ||
    isPromise(time) ||
    isPromise(topic) ||
    isPromise(source) ||
    isPromise(tags) ||
    isPromise(hashKey)
  )
}

/** Also of another realm: that of Function nodes. */
function isPromise(value: unknown): boolean {
  return typeof value === 'object' && types.isPromise(value)
}

async function settled(values: MappedValues, contentName: string): Promise<MappedValues> {
  const [content, time, topic, source, tags, hashKey] = await Promise.all([
    awaited(values.content, contentName),
    awaited(values.time, 'time'),
    awaited(values.topic, 'topic'),
    awaited(values.source, 'source'),
    awaited(values.tags, 'tags'),
    awaited(values.hashKey, 'hashKey')
  ])
  return { content, time, topic, source, tags, hashKey }
}

async function awaited(value: unknown, field: string): Promise<unknown> {
  try {
    return await value
  } catch (error) {
    throw unreadable(error, field, expected[field] ?? expectedContent)
  }
}

function writes(
  mapping: Mapping,
  message: NodeMessage,
  values: MappedValues,
  clock: () => number
): SinkWrite[] {
  const logstore = logstoreOf(mapping, message)
  const received = receivedLogs(slsOf(message))
  const now = present(clock)
  const converted = toLogs(values.content, {
    field: mapping.contentName,
    bytes: mapping.bytes,
    time: (index, count) =>
      mapping.time === undefined
        ? (received.time(index, count) ?? now)
        : explicitTime(values.time, index, count)
  })
  const frames = converted.length === 1 && converted[0] ? received.split(converted[0]) : converted
  const chosen = {
    topic: chosenText(values.topic, 'topic'),
    source: chosenText(values.source, 'source'),
    tags: chosenTags(values.tags, mapping),
    hashKey: hashKeyOf(mapping, values.hashKey)
  }
  return frames.map((frame) => {
    const topic = chosen.topic ?? frame.topic ?? received.frame.topic
    const source = chosen.source ?? frame.source ?? received.frame.source
    const tags = chosen.tags ?? frame.tags ?? received.frame.tags
    return { logstore, topic, source, tags, hashKey: chosen.hashKey, logs: frame.logs }
  })
}

function slsOf(message: NodeMessage): unknown {
  try {
    return message.sls
  } catch (error) {
    throw unreadable(error, 'msg.sls', expectedReceived)
  }
}

function present(clock: () => number): Instant {
  return ofMilliseconds(clock(), true) ?? { time: 0 }
}

function namedLogstore(message: NodeMessage): unknown {
  try {
    return message['logstore']
  } catch (error) {
    throw unreadable(error, 'msg.logstore', 'the name of a logstore')
  }
}

function logstoreOf(mapping: Mapping, message: NodeMessage): string {
  const named = mapping.fromMessage ? namedLogstore(message) : undefined
  if (named !== undefined && named !== null && named !== '') {
    if (typeof named === 'string') return named
    throw new SlsError('InvalidOption', 'msg.logstore is not a text', { field: 'msg.logstore' })
  }
  if (mapping.logstore !== '') return mapping.logstore
  throw new SlsError('InvalidOption', 'Neither the node nor msg.logstore names a logstore', {
    field: 'logstore'
  })
}

/** One value for all, a list of values for as many logs, or a received message's `msg.sls`. */
function explicitTime(value: unknown, index: number, count: number): Instant {
  try {
    const own: unknown = Array.isArray(value) && value.length === count ? value[index] : value
    const instant =
      typeof own === 'object' && own !== null && 'times' in own
        ? timeOf({ ...own }, index, count)
        : readInstant(own)
    if (instant !== undefined) return instant
    throw invalidLog('time', `is ${describe(own)}, not ${expected['time']}`)
  } catch (error) {
    throw unreadable(error, 'time', expected['time'] ?? '', value)
  }
}

/** Undefined where the message leaves it open. */
function chosenText(value: unknown, field: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'object' || typeof value === 'function')
    throw invalidLog(field, `is ${describe(value)}, not a text`)
  return String(value)
}

function chosenTags(value: unknown, mapping: Mapping): readonly Content[] | undefined {
  if (value === undefined || value === null || value === '') return undefined
  return tagsOf(value, 'tags', mapping.bytes)
}

function hashKeyOf(mapping: Mapping, value: unknown): string | undefined {
  if (mapping.hashKey === undefined) return undefined
  const text = typeof value === 'object' ? undefined : fieldText(value, 'hashKey', mapping.bytes)
  if (text === undefined) throw invalidLog('hashKey', `is ${describe(value)}, not a text`)
  return mapping.hashKey.kind === 'md5' ? md5HashKey(text) : text
}
