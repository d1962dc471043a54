import { type Instant, isNanoseconds, readInstant } from './instant'
import type { FramedLogs, LogFrame } from './message-to-log'
import { tagsOf } from './message-to-log'
import { unreadable } from './unreadable'

/** What `msg.sls` may be, for errors. */
export const expectedReceived = 'what came with the message from sls-in'

/**
 * What `msg.sls` of a received message says of its logs, so that a log keeps its time, topic, source and tags on its
 * way from one logstore to another.
 */
export interface ReceivedLogs {
  frame: LogFrame
  /** Of the element at this index of a payload with so many elements; undefined where it is not known. */
  time(index: number, count: number): Instant | undefined
  /** The logs of the payload cut where one received group ends and the next begins. */
  split(logs: FramedLogs): FramedLogs[]
}

const nothing: ReceivedLogs = { frame: {}, time: () => undefined, split: (logs) => [logs] }

/** @throws SlsError `InvalidLog` naming the part of `msg.sls` that cannot be read, as do its functions */
export function receivedLogs(sls: unknown): ReceivedLogs {
  try {
    if (typeof sls !== 'object' || sls === null || !('id' in sls) || !('cursor' in sls)) return nothing
    const received = sls as Record<string, unknown>
    return {
      frame: frameOf(received),
      time: (index, count) => receivedTime(received, index, count),
      split: (logs) => splitByGroup(logs, received)
    }
  } catch (error) {
    throw unreadable(error, 'msg.sls', expectedReceived, sls)
  }
}

function receivedTime(sls: Record<string, unknown>, index: number, count: number): Instant | undefined {
  try {
    return timeOf(sls, index, count)
  } catch (error) {
    throw unreadable(error, 'msg.sls', expectedReceived, sls)
  }
}

function frameOf(value: Record<string, unknown>): LogFrame {
  const { topic, source, tags } = value
  return {
    topic: typeof topic === 'string' ? topic : undefined,
    source: typeof source === 'string' ? source : undefined,
    tags: typeof tags === 'object' && tags !== null ? tagsOf(tags, 'msg.sls.tags', 'utf8') : undefined
  }
}

/**
 * A payload of another length than was received is not the one that was received: its times are unknown. Nanoseconds
 * that are none, as a foreign writer may have left them, do not cost the second.
 */
export function timeOf(value: Record<string, unknown>, index: number, count: number): Instant | undefined {
  const times = value['times']
  if (!Array.isArray(times)) return readInstant(value) ?? readInstant(value['time'])
  if (times.length !== count) return undefined
  const instant = readInstant(times[index])
  const timesNs = value['timesNs']
  const timeNs: unknown = Array.isArray(timesNs) ? timesNs[index] : undefined
  return instant !== undefined && isNanoseconds(timeNs) ? { time: instant.time, timeNs } : instant
}

function splitByGroup(logs: FramedLogs, sls: Record<string, unknown>): FramedLogs[] {
  try {
    const groups = sls['groups']
    if (!Array.isArray(groups) || logs.topic !== undefined) return [logs]
    const counts = groups.map((group: unknown) => countOf(group))
    if (counts.reduce((sum, count) => sum + count, 0) !== logs.logs.length) return [logs]
    const parts: FramedLogs[] = []
    let from = 0
    groups.forEach((group: Record<string, unknown>, number) => {
      const to = from + (counts[number] ?? 0)
      if (to > from) parts.push({ ...frameOf(group), logs: logs.logs.slice(from, to) })
      from = to
    })
    return parts
  } catch (error) {
    throw unreadable(error, 'msg.sls', expectedReceived, sls)
  }
}

function countOf(group: unknown): number {
  if (typeof group !== 'object' || group === null || !('count' in group)) return Number.NaN
  return typeof group.count === 'number' ? group.count : Number.NaN
}
