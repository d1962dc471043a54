export type { CheckpointUpdate } from './client/calls/consumer-groups'
export type { PullLogsRequest, PullResult } from './client/calls/pull-logs'
export type { PutLogsRequest } from './client/calls/put-logs'
export { SlsClient } from './client/client'
export {
  LogGroupEncoder,
  type LogGroupFrame,
  type LogInput,
  measureLog
} from './client/codec/log-group-encoder'
export { type LogGroupView, parseLogGroupList, type RecordBlock } from './client/codec/log-group-list'
export { compress, supportedCompressions } from './client/compression/compression'
export {
  type CredentialConfig,
  type Credentials,
  type CredentialsProvider,
  credentialsProvider
} from './client/credentials'
export { decodeCursor, encodeCursor } from './client/cursor'
export { type LocalErrorCode, type Retryability, SlsError } from './client/errors'
export type {
  CompressionName,
  ConsumerGroup,
  Content,
  CursorPosition,
  Log,
  LogGroup,
  LogstoreInfo,
  Shard,
  ShardCheckpoint,
  ShardStatus
} from './client/model'
export type { ClientOptions, ProxyOptions, TlsOptions } from './client/options'
export { defaultRetryPolicy, type RetryNotice, type RetryPolicy, withRetry } from './client/retry'
export type { ClientStats } from './client/signed-call'
export type { CloseReport } from './sink/closing'
export type { PlannedRequest } from './sink/dry-run'
export type { SinkEvents, SinkListener } from './sink/events'
export { ORIGINAL_TIME, type TimeRepairName } from './sink/log-time'
export type { OverflowName, SinkOptions, SpoolMode } from './sink/options'
export type { SinkWrite } from './sink/prepare-write'
export { SlsSink } from './sink/sink'
export type { SpoolStatus } from './sink/spool-status'
export type { SinkState, SinkStatus } from './sink/status'
export { WriteError } from './sink/write-error'
export type { Receipt } from './sink/write-ledger'
export type {
  AssignableShard,
  GroupAssignment,
  ShardAssignment,
  StaticAssignment
} from './source/assignment'
export {
  type CheckpointMode,
  type DefaultPosition,
  type InvalidCursorPolicy,
  type Metric,
  type PoisonPolicy,
  type Refusal,
  type ShardState,
  SlsSource,
  type SourceBatch,
  type SourceCounts,
  type SourceEvents,
  type SourceGroup,
  type SourceListener,
  type SourceOptions,
  type SourceState,
  type SourceStatus,
  type StartPosition
} from './source/source'
export {
  FileProgressStore,
  MemoryProgressStore,
  type ProgressSnapshot,
  type ProgressStore,
  type ShardProgress
} from './state/progress-store'
