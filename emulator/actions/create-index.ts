import { emptyReply } from '../http/reply'
import { ServiceError } from '../service-error'
import type { Action } from './call'

/** Kept as it came: queries work without one. */
export const createIndex: Action = async (call) => {
  const { logstore } = call
  if (logstore.index !== undefined) {
    throw new ServiceError(400, 'IndexAlreadyExist', `index of logstore ${logstore.name} already exists`)
  }
  logstore.setIndex((await call.json('IndexInfoInvalid')).others())
  return emptyReply()
}
