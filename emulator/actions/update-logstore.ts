import { emptyReply } from '../http/reply'
import type { Action } from './call'
import { readSettings } from './create-logstore'

/** Changes what the body names; shards change by split and merge only. */
export const updateLogstore: Action = async (call) => {
  const { logstore } = call
  const body = await call.json('LogStoreInfoInvalid')
  logstore.update(readSettings(body, call.context.rules.strict))
  return emptyReply()
}
