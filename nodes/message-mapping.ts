import { SlsError } from '../engine/client/errors'
import type { Content } from '../engine/client/model'
import { md5HashKey } from '../engine/sink/hash-key'
import type { SinkWrite } from '../engine/sink/prepare-write'
import { fieldText, invalidLog } from './field-value'
import { type Instant, ofMilliseconds, readInstant } from './instant'
import { isTextRecord, tagsOf, toLogs } from './message-to-log'
import type { NodeMessage } from './node-red'
import { receivedLogs, timeOf } from './received-logs'
import type { Mapping } from './sink-settings'

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
  const content = mapping.content(message)
  if (mapping.isPlain && message.sls === undefined && isTextRecord(content)) {
    const { time: second, timeNs } = present(clock)
    return [{ logstore: logstoreOf(mapping, message), logs: [{ time: second, timeNs, contents: content }] }]
  }
  const values: MappedValues = {
    content,
    time: time?.(message),
    topic: topic?.(message),
    source: source?.(message),
    tags: tags?.(message),
    hashKey: hashKey?.value(message)
  }
  return isPending(values)
    ? settled(values).then((ready) => writes(mapping, message, ready, clock))
    : writes(mapping, message, values, clock)
}

function isPending({ content, time, topic, source, tags, hashKey }: MappedValues): boolean {
  const isPromise = (value: unknown) => value instanceof Promise
  return (
    isPromise(content) ||
    isPromise(time) ||
    isPromise(topic) ||
    isPromise(source) ||
    isPromise(tags) ||
    isPromise(hashKey)
  )
}

async function settled(values: MappedValues): Promise<MappedValues> {
  const [content, time, topic, source, tags, hashKey] = await Promise.all([
    values.content,
    values.time,
    values.topic,
    values.source,
    values.tags,
    values.hashKey
  ])
  return { content, time, topic, source, tags, hashKey }
}

function writes(
  mapping: Mapping,
  message: NodeMessage,
  values: MappedValues,
  clock: () => number
): SinkWrite[] {
  const logstore = logstoreOf(mapping, message)
  const received = receivedLogs(message.sls)
  const count = Array.isArray(values.content) ? values.content.length : 1
  const now = present(clock)
  const converted = toLogs(values.content, {
    field: mapping.contentName,
    bytes: mapping.bytes,
    time: (index) =>
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

function present(clock: () => number): Instant {
  return ofMilliseconds(clock(), true) ?? { time: 0 }
}

function logstoreOf(mapping: Mapping, message: NodeMessage): string {
  const named = message['logstore']
  if (mapping.fromMessage && named !== undefined && named !== null && named !== '') {
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
  const own: unknown = Array.isArray(value) && value.length === count ? value[index] : value
  const instant =
    typeof own === 'object' && own !== null && 'times' in own
      ? timeOf({ ...own }, index, count)
      : readInstant(own)
  if (instant !== undefined) return instant
  throw invalidLog('time', `is ${describe(own)}, not a time between 1970 and 2106`)
}

function describe(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value)
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
