import { jsonReply } from '../http/reply'
import type { Action } from './call'

export const listShards: Action = (call) => jsonReply(call.logstore.listShards().map((shard) => shard.info()))
