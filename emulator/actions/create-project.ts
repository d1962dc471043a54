import { emptyReply } from '../http/reply'
import type { Action } from './call'

/** The body names the project; SDKs send the call to the bare endpoint or to the project's own host. */
export const createProject: Action = async (call) => {
  const body = await call.json('ParameterInvalid')
  const name = body.text('projectName') ?? call.context.projectName
  const description = body.text('description') ?? ''
  call.account.createProject(name, { ...body.others('projectName'), description })
  return emptyReply()
}
