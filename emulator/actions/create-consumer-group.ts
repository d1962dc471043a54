import { emptyReply } from '../http/reply'
import type { Action } from './call'

const DEFAULT_TIMEOUT = 60
export const MAX_TIMEOUT = 86_400

export const createConsumerGroup: Action = async (call) => {
  const { logstore } = call
  const body = await call.json('JsonInfoInvalid')
  logstore.createGroup(body.requiredText('consumerGroup'), {
    timeout: body.integer('timeout', 1, MAX_TIMEOUT) ?? DEFAULT_TIMEOUT,
    order: body.flag('order') ?? false
  })
  return emptyReply()
}
