import { emptyReply } from '../http/reply'
import type { Action } from './call'

export const deleteConsumerGroup: Action = (call) => {
  const { logstore } = call
  logstore.consumerGroups.delete(logstore.group(call.param('group')).name)
  return emptyReply()
}
