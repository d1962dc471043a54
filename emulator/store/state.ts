import type { Checkpoint, ConsumerGroupSettings, LogstoreSettings, ProjectSettings } from './settings'

/** Everything but the data of shards, as it is kept on disk. Hash keys and cursors are decimal text. */
export interface AccountState {
  version: 1
  projects: ProjectState[]
}

export interface ProjectState {
  name: string
  settings: ProjectSettings
  createTime: number
  lastModifyTime: number
  logstores: LogstoreState[]
}

export interface LogstoreState {
  name: string
  settings: LogstoreSettings
  createTime: number
  lastModifyTime: number
  index: Readonly<Record<string, unknown>> | null
  indexModifyTime: number
  nextShardId: number
  shards: ShardState[]
  consumerGroups: ConsumerGroupState[]
}

export interface ShardState {
  id: number
  rangeBegin: string
  rangeEnd: string
  createTime: number
  closeTime: number | null
  parents: readonly number[]
  firstCursor: string
  beginCursor: string
}

export interface ConsumerGroupState {
  name: string
  settings: ConsumerGroupSettings
  orderedFrom: number
  checkpoints: Checkpoint[]
}
