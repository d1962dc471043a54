import { encodeLogGroupList } from '../../engine/client/codec/log-group-list'
import { compress } from '../../engine/client/compression/compression'
import { protobufReply } from '../http/reply'
import { invalidCursor } from '../service-error'
import { chooseEncoding } from '../wire/accept-encoding'
import { formatCursor, parseCursor } from '../wire/cursor'
import type { Action, Call } from './call'

/** Raw bytes of one answer, at most, unless a single group is larger. */
const MAX_ANSWER = 10 * 1024 * 1024
const MAX_COUNT = 1000

/** Groups from a cursor on; an empty answer with the same cursor where there are none. */
export const pullLogs: Action = async (call) => {
  const { shard } = call
  const text = call.query.requiredText('cursor')
  const cursor = parseCursor(text)
  const count = call.query.integer('count', 1, MAX_COUNT) ?? MAX_COUNT
  const stop = call.query.text('end_cursor') ?? call.query.text('endCursor')
  const stopCursor = stop === undefined ? undefined : parseCursor(stop)
  if (!shard.isReadable(cursor)) throw invalidCursor(text)
  const { groups, next } = shard.read(cursor, count, MAX_ANSWER, stopCursor)
  await call.context.enterShard(
    shard,
    'read',
    groups.reduce((sum, { size }) => sum + size, 0)
  )
  const raw = encodeLogGroupList(groups.map((group) => group.body()))
  return answer(call, raw, {
    'x-log-cursor': formatCursor(next),
    'x-log-count': String(groups.length),
    ...(groups.length === 0 ? {} : { 'x-log-read-last-cursor': String(next - 1n) }),
    'x-log-cursor-time': String(groups.at(-1)?.receiveTime ?? call.clock.seconds()),
    'x-log-end-of-cursor': next === shard.end ? '1' : '0'
  })
}

async function answer(call: Call, raw: Buffer, headers: Record<string, string>) {
  const encoding = raw.length === 0 ? undefined : chooseEncoding(call.request.header('accept-encoding'))
  const body = encoding === undefined ? raw : await compress(encoding.compression, raw)
  return protobufReply(body, {
    ...headers,
    'x-log-bodyrawsize': String(raw.length),
    ...(encoding === undefined ? {} : { 'x-log-compresstype': encoding.name })
  })
}
