export interface ProjectSettings {
  description: string
  [property: string]: unknown
}

/** The properties of a logstore that clients set; further ones are kept as they came. */
export interface LogstoreSettings {
  /** Days, 1..3650; 3650 keeps for ever. */
  ttl: number
  enable_tracking: boolean
  autoSplit: boolean
  maxSplitShard: number
  appendMeta: boolean
  [property: string]: unknown
}

export interface ConsumerGroupSettings {
  /** Seconds without a heartbeat after which a consumer loses its shards. */
  timeout: number
  /** Children of a split or merge are assigned only after their parents are consumed. */
  order: boolean
}

export interface Checkpoint {
  shard: number
  /** Cursor of the next group to read, as stored. */
  checkpoint: string
  /** Unix microseconds. */
  updateTime: number
  consumer: string
}
