import { emptyReply } from '../http/reply'
import type { Action } from './call'

export const deleteLogstore: Action = (call) => {
  call.project.deleteLogstore(call.param('logstore'))
  return emptyReply()
}
