import { jsonReply } from '../http/reply'
import { ServiceError } from '../service-error'
import type { Logstore } from '../store/logstore'
import type { Action } from './call'

/** Bytes of a field that are indexed where the index does not say so. */
const MAX_TEXT_LENGTH = 2048

export const getIndex: Action = ({ logstore }) =>
  jsonReply({
    index_mode: 'v2',
    ttl: logstore.settings.ttl,
    max_text_len: MAX_TEXT_LENGTH,
    log_reduce: false,
    ...existingIndex(logstore),
    storage: 'pg',
    lastModifyTime: logstore.indexModifyTime
  })

export function existingIndex(logstore: Logstore): Readonly<Record<string, unknown>> {
  if (logstore.index === undefined) {
    throw new ServiceError(400, 'IndexConfigNotExist', `index of logstore ${logstore.name} does not exist`)
  }
  return logstore.index
}
