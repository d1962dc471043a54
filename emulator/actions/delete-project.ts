import { emptyReply } from '../http/reply'
import type { Action } from './call'

export const deleteProject: Action = (call) => {
  call.account.deleteProject(call.context.projectName)
  return emptyReply()
}
