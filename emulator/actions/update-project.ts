import { emptyReply } from '../http/reply'
import type { Action } from './call'

export const updateProject: Action = async (call) => {
  const { project } = call
  const body = await call.json('ParameterInvalid')
  project.update(body.others('projectName'))
  return emptyReply()
}
