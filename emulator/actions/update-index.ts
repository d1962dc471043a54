import { emptyReply } from '../http/reply'
import type { Action } from './call'
import { existingIndex } from './get-index'

export const updateIndex: Action = async (call) => {
  const { logstore } = call
  existingIndex(logstore)
  logstore.setIndex((await call.json('IndexInfoInvalid')).others())
  return emptyReply()
}
