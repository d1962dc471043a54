import { jsonReply } from '../http/reply'
import { parameterInvalid } from '../service-error'
import { parseHashKey } from '../store/hash-range'
import type { Action } from './call'

const MAX_PARTS = 256

/** Splits at `key`, or evenly into `shardCount` (2 where neither is given). */
export const splitShard: Action = (call) => {
  const { logstore, shardId, query } = call
  const text = query.text('key')
  const parts = query.integer('shardCount', 2, MAX_PARTS) ?? 2
  call.project.checkSplit(text === undefined ? parts : 2)
  if (text === undefined)
    return jsonReply(logstore.splitShard(shardId, { parts }).map((shard) => shard.info()))
  const key = text.length === 32 ? parseHashKey(text) : undefined
  if (key === undefined) throw parameterInvalid('invalid mid hash.')
  return jsonReply(logstore.splitShard(shardId, { key }).map((shard) => shard.info()))
}
