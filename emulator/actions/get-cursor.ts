import { jsonReply } from '../http/reply'
import { parameterInvalid } from '../service-error'
import type { Shard } from '../store/shard'
import { formatCursor } from '../wire/cursor'
import type { Action } from './call'

/** Cursor of the oldest group, of the end, or of the first group received at or after a Unix second. */
export const getCursor: Action = (call) => {
  const { shard } = call
  return jsonReply({ cursor: formatCursor(position(shard, call.query.requiredText('from'))) })
}

function position(shard: Shard, from: string): bigint {
  if (from === 'begin') return shard.begin
  if (from === 'end') return shard.end
  if (!/^\d{1,15}$/.test(from)) throw parameterInvalid(`from ${from} must be begin, end or Unix seconds`)
  return shard.cursorAt(Number(from))
}
