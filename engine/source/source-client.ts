import type { SlsClient } from '../client/client'

/** The calls that the source makes. */
export type SourceClient = Pick<
  SlsClient,
  | 'project'
  | 'retryPolicy'
  | 'pullLogs'
  | 'getCursor'
  | 'getCursorTime'
  | 'listShards'
  | 'listLogstores'
  | 'createConsumerGroup'
  | 'updateConsumerGroup'
  | 'listConsumerGroups'
  | 'heartbeat'
  | 'getCheckpoints'
  | 'updateCheckpoint'
> &
  Partial<Pick<SlsClient, 'clockOffset'>>
