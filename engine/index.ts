export type { CheckpointUpdate } from './client/calls/consumer-groups'
export type { PullLogsRequest, PullResult } from './client/calls/pull-logs'
export type { PutLogsRequest } from './client/calls/put-logs'
export { SlsClient } from './client/client'
export {
  type CredentialConfig,
  type Credentials,
  type CredentialsProvider,
  credentialsProvider
} from './client/credentials'
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
