import { jsonReply } from '../http/reply'
import { invalidCursor } from '../service-error'
import { parseCursor } from '../wire/cursor'
import type { Action } from './call'

/** Receive time of the group at a cursor, Unix seconds; the end has none. */
export const getCursorTime: Action = (call) => {
  const { shard } = call
  const cursor = call.query.requiredText('cursor')
  const group = shard.groupAt(parseCursor(cursor))
  if (group === undefined) throw invalidCursor(cursor)
  return jsonReply({ cursor_time: group.receiveTime })
}
