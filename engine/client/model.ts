/** One field of a log or one tag of a log group, in the order of the wire; a key may occur more than once. */
export type Content = readonly [key: string, value: string]

/** A log as SLS stores it. */
export interface Log {
  /** Unix seconds, 0..4294967295. */
  time: number
  /** Nanoseconds within the second, 0..999999999; undefined where the writer gave none. */
  timeNs?: number | undefined
  contents: readonly Content[]
}

/** A log group: the unit that is written, stored and read; its place in a shard is a cursor. */
export interface LogGroup {
  topic: string
  source: string
  tags: readonly Content[]
  logs: readonly Log[]
}

export type ShardStatus = 'readwrite' | 'readonly'

/** A shard owns the MD5 hash keys in [inclusiveBeginKey, exclusiveEndKey), each 32 lower-case hex digits. */
export interface Shard {
  shardId: number
  status: ShardStatus
  inclusiveBeginKey: string
  exclusiveEndKey: string
  /** Unix seconds; 0 where the service does not know it. */
  createTime: number
}

export interface LogstoreInfo {
  name: string
  /** Days; 3650 means for ever. */
  ttl: number
  shardCount: number
}

export interface ConsumerGroup {
  name: string
  /** Seconds without a heartbeat after which a consumer loses its shards. */
  timeout: number
  /** Children of a split or merge are assigned only after their parents are consumed. */
  order: boolean
}

export interface ShardCheckpoint {
  shard: number
  /** Cursor of the next log group to read; empty when nothing was ever committed. */
  cursor: string
  /** Unix milliseconds of the commit; 0 when unknown. */
  updateTime: number
  /** Name of the consumer that committed it, empty when unknown. */
  consumer: string
}

/** Where a read starts: the oldest log group, the end, or the first group received at or after a Unix second. */
export type CursorPosition = 'begin' | 'end' | number

export const compressionNames = ['lz4', 'zstd', 'deflate', 'none'] as const

export type CompressionName = (typeof compressionNames)[number]
