import { jsonReply } from '../http/reply'
import { ServiceError } from '../service-error'
import { parseJson } from '../wire/json-body'
import type { Action } from './call'

/** Takes the shards a consumer holds, answers those it should hold. */
export const heartbeat: Action = async (call) => {
  const { logstore } = call
  const group = logstore.group(call.param('group'))
  const consumer = call.query.requiredText('consumer')
  const held = shardIds(parseJson(await call.rawBody(), 'JsonInfoInvalid'))
  return jsonReply(group.heartbeat(consumer, held, logstore.shards, call.clock.now()))
}

function shardIds(value: unknown): number[] {
  if (!Array.isArray(value))
    throw new ServiceError(400, 'JsonInfoInvalid', 'the body is not an array of shard ids')
  return value.map((id: unknown) => {
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0) {
      throw new ServiceError(400, 'JsonInfoInvalid', `${JSON.stringify(id)} is not a shard id`)
    }
    return id
  })
}
