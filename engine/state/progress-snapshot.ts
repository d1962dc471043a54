import { createHash } from 'node:crypto'

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
  if (snapshot['version'] !== 1) throw new Error(`it is of version ${String(snapshot['version'])}, not 1`)
  if (!isObject(snapshot['shards'])) throw new Error('it holds no shards')
  for (const [key, shard] of Object.entries(snapshot['shards'])) {
    if (!isObject(shard) || typeof shard['cursor'] !== 'string')
      throw new Error(`it holds no cursor of ${key}`)
  }
  return snapshot as unknown as ProgressSnapshot
}

function digest(content: string): string {
  return createHash('sha256').update(content).digest('hex')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
