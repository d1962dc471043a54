import { emptyReply } from '../http/reply'
import type { Action } from './call'
import { MAX_TIMEOUT } from './create-consumer-group'

export const updateConsumerGroup: Action = async (call) => {
  const { logstore } = call
  const group = logstore.group(call.param('group'))
  const body = await call.json('JsonInfoInvalid')
  const timeout = body.integer('timeout', 1, MAX_TIMEOUT)
  const order = body.flag('order')
  group.update(
    { ...(timeout === undefined ? {} : { timeout }), ...(order === undefined ? {} : { order }) },
    logstore.nextShardId
  )
  return emptyReply()
}
