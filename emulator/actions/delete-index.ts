import { emptyReply } from '../http/reply'
import type { Action } from './call'
import { existingIndex } from './get-index'

export const deleteIndex: Action = ({ logstore }) => {
  existingIndex(logstore)
  logstore.setIndex(undefined)
  return emptyReply()
}
