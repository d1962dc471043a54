import { emptyReply } from '../http/reply'
import type { Action } from './call'

/** Deletes a readonly shard. */
export const deleteShard: Action = (call) => {
  call.logstore.deleteShard(call.shardId)
  return emptyReply()
}
