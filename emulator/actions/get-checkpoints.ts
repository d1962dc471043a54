import { jsonReply } from '../http/reply'
import type { Action } from './call'

/** A checkpoint a shard, empty where none was committed yet; nothing for an unknown shard. */
export const getCheckpoints: Action = (call) => {
  const { logstore } = call
  const group = logstore.group(call.param('group'))
  const only = call.query.integer('shard', 0, 2 ** 31 - 1)
  const shards = logstore.listShards().filter(({ id }) => only === undefined || id === only)
  return jsonReply(
    shards.map(
      ({ id }) => group.checkpoints.get(id) ?? { shard: id, checkpoint: '', updateTime: 0, consumer: '' }
    )
  )
}
