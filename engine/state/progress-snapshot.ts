import { createHash } from 'node:crypto'
import { decodeCursor } from '../client/cursor'

/** How far one shard is read. */
export interface ShardProgress {
  /** Cursor of the first log group that is not acknowledged. */
  cursor: string
  /** The shard is readonly and everything in it is acknowledged. */
  finished?: boolean
  /** Unix milliseconds of the last change. */
  updateTime: number
  /** Acknowledged ranges [from, to) beyond `cursor`, in order: not read again. */
  acked?: [from: string, to: string][]
  /** What lies before this cursor is read once more because somebody asked for it. */
  replayUntil?: string
  /** Unix seconds: when the shard was created; tells a logstore from a later one of the same name. */
  createTime?: number
  /** The assignment under which the shard was read; empty once the shard went to another reader. */
  assignment?: string
}

/** What is known of a logstore beside its shards. */
export interface LogstoreProgress {
  /** The shards that stood when the logstore was first seen; all others were born later. */
  initialShards: number[]
}

export interface ProgressSnapshot {
  version: 1
  /** By `project/logstore/shard`. */
  shards: Record<string, ShardProgress>
  /** By `project/logstore`. */
  logstores?: Record<string, LogstoreProgress>
}

export function emptySnapshot(): ProgressSnapshot {
  return { version: 1, shards: {} }
}

/** One line of JSON that carries its own checksum. */
export function formatSnapshot(snapshot: ProgressSnapshot): string {
  const content = JSON.stringify(snapshot)
  return `{"checksum":"${digest(content)}","progress":${content}}\n`
}

/** @throws Error saying what is wrong with the text. */
export function parseSnapshot(text: string): ProgressSnapshot {
  const frame: unknown = JSON.parse(text)
  if (!isObject(frame)) throw new Error('it is no JSON object')
  const snapshot = frame['progress']
  if (!isObject(snapshot)) throw new Error('it holds no progress')
  if (frame['checksum'] !== digest(JSON.stringify(snapshot))) throw new Error('its checksum is wrong')
  return checkSnapshot(snapshot)
}

/** @throws Error naming the field that is not of its kind. */
export function checkSnapshot(snapshot: unknown): ProgressSnapshot {
  if (!isObject(snapshot)) throw new Error('it is no object')
  const { version, shards, logstores } = snapshot
  if (version !== 1) throw new Error(`it is of version ${told(version)}, not 1`)
  for (const [key, shard] of entries('shards', shards)) {
    for (const [field, check] of Object.entries(shardChecks)) check(`shards.${key}.${field}`, shard[field])
  }
  if (logstores === undefined) return snapshot as unknown as ProgressSnapshot
  for (const [key, { initialShards }] of entries('logstores', logstores)) {
    const isListed = Array.isArray(initialShards) && initialShards.every((shard) => Number.isInteger(shard))
    if (!isListed) throw wrong(`logstores.${key}.initialShards`, initialShards, 'a list of shards')
  }
  return snapshot as unknown as ProgressSnapshot
}

type Check = (field: string, value: unknown) => void

const shardChecks: Readonly<Record<keyof ShardProgress, Check>> = {
  cursor: checkCursor,
  finished: optional('true or false', (value) => typeof value === 'boolean'),
  updateTime: checkTime,
  acked(field, ranges = []) {
    if (!Array.isArray(ranges)) throw wrong(field, ranges, 'a list of ranges')
    ranges.forEach((range: unknown, index) => {
      if (!Array.isArray(range) || range.length !== 2) throw wrong(`${field}[${index}]`, range, 'two cursors')
      for (const [place, cursor] of range.entries()) checkCursor(`${field}[${index}][${place}]`, cursor)
    })
  },
  replayUntil(field, cursor) {
    if (cursor !== undefined) checkCursor(field, cursor)
  },
  createTime(field, time) {
    if (time !== undefined) checkTime(field, time)
  },
  assignment: optional('a text', (value) => typeof value === 'string')
}

function optional(expected: string, isRight: (value: unknown) => boolean): Check {
  return (field, value) => {
    if (value !== undefined && !isRight(value)) throw wrong(field, value, expected)
  }
}

function checkTime(field: string, value: unknown): void {
  if (typeof value !== 'number' || !(value >= 0)) throw wrong(field, value, 'a time')
}

function checkCursor(field: string, value: unknown): void {
  try {
    decodeCursor(value as string)
  } catch {
    throw wrong(field, value, 'a cursor')
  }
}

function entries(field: string, record: unknown): [string, Record<string, unknown>][] {
  if (!isObject(record)) throw wrong(field, record, 'an object')
  return Object.entries(record).map(([key, value]) => {
    if (!isObject(value)) throw wrong(`${field}.${key}`, value, 'an object')
    return [key, value]
  })
}

function wrong(field: string, value: unknown, expected: string): Error {
  return new Error(`${field} is ${told(value)}, not ${expected}`)
}

function told(value: unknown): string {
  return value === undefined ? 'missing' : (JSON.stringify(value)?.slice(0, 64) ?? `a ${typeof value}`)
}

function digest(content: string): string {
  return createHash('sha256').update(content).digest('hex')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
