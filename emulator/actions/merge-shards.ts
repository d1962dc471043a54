import { jsonReply } from '../http/reply'
import type { Action } from './call'

/** Joins a shard with its right neighbour. */
export const mergeShards: Action = (call) =>
  jsonReply(call.logstore.mergeShard(call.shardId).map((shard) => shard.info()))
