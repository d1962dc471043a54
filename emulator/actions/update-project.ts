import { emptyReply } from '../http/reply'
import type { Action } from './call'

export const updateProject: Action = async (call) => {
  const { project } = call
  const body = await call.json('ParameterInvalid')
  project.settings = { ...project.settings, ...body.others('projectName') }
  project.touch()
  return emptyReply()
}
