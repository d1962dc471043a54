import { encodeLogGroupList } from '../../engine/client/codec/log-group-list'
import { type CompressionName, compress } from '../../engine/client/compression/compression'
import { protobufReply } from '../http/reply'
import { SplQuery } from '../query/spl'
import { QueryError } from '../query/tokens'
import { invalidCursor, parameterInvalid, ServiceError } from '../service-error'
import type { ShardRead } from '../store/shard'
import { takesProtobuf } from '../wire/accept'
import { chooseEncoding } from '../wire/accept-encoding'
import { formatCursor, parseCursor } from '../wire/cursor'
import { type GroupBody, rawOf, sizeOf } from '../wire/group-body'
import { groupListSize, lz4GroupList } from '../wire/group-list'
import type { Action, Call } from './call'
import { refuseProcessor } from './processor'

/** Raw bytes of one answer, at most, unless a single group is larger. */
const MAX_ANSWER = 10 * 1024 * 1024
const MAX_COUNT = 1000

/** Groups from a cursor on; an empty answer with the same cursor where there are none. */
export const pullLogs: Action = async (call) => {
  const { shard } = call
  checkAccept(call)
  const text = call.query.requiredText('cursor')
  const cursor = parseCursor(text)
  const count = call.query.integer('count', 1, MAX_COUNT) ?? MAX_COUNT
  const stop = call.query.text('end_cursor') ?? call.query.text('endCursor')
  const stopCursor = stop === undefined ? undefined : parseCursor(stop)
  const query = splQuery(call.query.text('query'))
  refuseProcessor(call)
  if (!shard.isReadable(cursor)) throw invalidCursor(text)
  const read = shard.read(cursor, count, MAX_ANSWER, stopCursor)
  const bytes = read.groups.reduce((sum, { size }) => sum + size, 0)
  const bodies = read.groups.map((group) => group.stored())
  await call.context.enterShard(shard, 'read', bytes)
  const { groups, headers } =
    query === undefined ? { groups: bodies, headers: {} } : queried(query, bodies.map(rawOf), bytes)
  return answer(call, groups, {
    'x-log-cursor': formatCursor(read.next),
    'x-log-count': String(groups.length),
    ...lastCursor(read),
    'x-log-cursor-time': String(read.groups.at(-1)?.receiveTime ?? call.clock.seconds()),
    'x-log-end-of-cursor': read.next === shard.end ? '1' : '0',
    ...headers
  })
}

function checkAccept({ context, request }: Call): void {
  const accept = request.header('accept')
  if (context.rules.strict && !takesProtobuf(accept)) {
    throw new ServiceError(400, 'InvalidAcceptContentType', `Accept ${accept} is not supported`)
  }
}

function splQuery(text: string | undefined): SplQuery | undefined {
  if (text === undefined) return undefined
  try {
    return new SplQuery(text)
  } catch (error) {
    if (error instanceof QueryError) throw parameterInvalid(`query is invalid: ${error.message}`)
    throw error
  }
}

function lastCursor({ groups, next }: ShardRead): Record<string, string> {
  return groups.length === 0 ? {} : { 'x-log-read-last-cursor': String(next - 1n) }
}

/** The groups that a query leaves, and the headers that tell of it. */
function queried(query: SplQuery, bodies: readonly Buffer[], bytes: number) {
  const { groups, rawLines, resultLines, failedLines } = query.apply(bodies)
  return {
    groups,
    headers: {
      'x-log-rawdatasize': String(bytes),
      'x-log-rawdatacount': String(bodies.length),
      'x-log-rawdatalines': String(rawLines),
      'x-log-resultlines': String(resultLines),
      'x-log-failedlines': String(failedLines)
    }
  }
}

/** Compressed with what the client accepts; how, only the service's own headers say. */
async function answer(call: Call, groups: readonly GroupBody[], headers: Record<string, string>) {
  const accepted = call.request.header('accept-encoding')
  const encoding = chooseEncoding(accepted)
  if (call.context.rules.strict && accepted !== undefined && encoding === undefined) {
    throw new ServiceError(400, 'InvalidAcceptEncoding', `Accept-Encoding ${accepted} is not supported`)
  }
  const rawSize = groupListSize(groups.map(sizeOf))
  const isCompressed = rawSize > 0 && encoding !== undefined
  return protobufReply(await encoded(groups, isCompressed ? encoding.compression : 'none'), {
    ...headers,
    'x-log-bodyrawsize': String(rawSize),
    ...(isCompressed ? { 'x-log-compresstype': encoding.name } : {})
  })
}

async function encoded(groups: readonly GroupBody[], compression: CompressionName): Promise<Buffer> {
  return compression === 'lz4' && groups.length > 0
    ? lz4GroupList(groups)
    : compress(compression, encodeLogGroupList(groups.map(rawOf)))
}
