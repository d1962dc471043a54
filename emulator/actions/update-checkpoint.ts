import { emptyReply } from '../http/reply'
import { parameterInvalid, ServiceError } from '../service-error'
import type { Action } from './call'

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/

/** Stores the cursor of the next group to read, forwards or backwards. */
export const updateCheckpoint: Action = async (call) => {
  const { logstore } = call
  const group = logstore.group(call.param('group'))
  const consumer = call.query.text('consumer')
  const force = call.query.flag('forceSuccess') ?? false
  const body = await call.json('JsonInfoInvalid')
  const shard = body.integer('shard', 0, 2 ** 31 - 1)
  const checkpoint = body.requiredText('checkpoint')
  if (shard === undefined) throw new ServiceError(400, 'JsonInfoInvalid', 'shard is missing')
  if (!logstore.shards.has(shard))
    throw new ServiceError(404, 'ShardNotExist', `shard ${shard} does not exist`)
  if (!BASE64.test(checkpoint)) {
    throw new ServiceError(
      400,
      'InvalidShardCheckPoint',
      `shard checkpoint ${checkpoint} is not encoded by base64`
    )
  }
  if (consumer === undefined && !force) {
    throw parameterInvalid('forceSuccess must be true when no consumer is given')
  }
  group.commit(shard, checkpoint, consumer ?? '', force, call.clock.now())
  return emptyReply()
}
