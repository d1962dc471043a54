import { emptyReply } from '../http/reply'
import { parameterInvalid, postBodyInvalid, ServiceError } from '../service-error'
import { parseHashKey } from '../store/hash-range'
import type { Logstore } from '../store/logstore'
import type { Shard } from '../store/shard'
import { appendTags } from '../wire/append-tags'
import { compressionOf, uncompress, uncompressError, wireBody } from '../wire/body'
import { type GroupBody, rawOf, sizeOf } from '../wire/group-body'
import { encodeJsonLogGroup } from '../wire/json-log-group'
import { checkLogGroup, type LogGroupFacts } from '../wire/log-group-check'
import { readLogPackages } from '../wire/log-package-list'
import { Lz4Body } from '../wire/lz4-body'
import type { Action, Call } from './call'
import { refuseProcessor } from './processor'

/** Log times that one write may hold, in seconds around the server's clock. */
const OLDEST_LOG = 7 * 24 * 3600
const NEWEST_LOG = 15 * 60
/** Bytes, under strict rules. */
const MAX_LOG = 1024 * 1024
const MAX_KEY = 128

/** Raw bytes from which on a group stays in the LZ4 block in which it came. */
const LARGE_GROUP = 16 * 1024

interface Group {
  body: GroupBody
  logCount: number
}

/** A write to whichever shard is next. */
export const putLogs: Action = (call) => put(call, (logstore) => logstore.balancedShards())

/** A write to the shard whose range holds the hash key; without a key, to any. */
export const putLogsByKey: Action = (call) => {
  const text = call.query.text('key') ?? call.request.header('x-log-hashkey')
  if (text === undefined) return putLogs(call)
  const key = parseHashKey(text)
  if (key === undefined) throw parameterInvalid(`hash key ${text} is not of hexadecimal digits`)
  return put(call, (logstore) => [logstore.routedShard(key)])
}

async function put(call: Call, candidates: (logstore: Logstore) => readonly Shard[]) {
  const { logstore } = call
  refuseProcessor(call)
  const groups = await readGroups(call)
  const bytes = groups.reduce((sum, { body }) => sum + sizeOf(body), 0)
  let shard = await enterFirst(call, candidates(logstore), bytes)
  while (shard.status === 'readonly') shard = await enterFirst(call, candidates(logstore), bytes)
  const receiveTime = call.clock.seconds()
  for (const { body, logCount } of groups) {
    shard.append(
      logstore.settings.appendMeta ? withMeta(call, body, receiveTime) : body,
      logCount,
      receiveTime
    )
  }
  return emptyReply()
}

/** The first shard that lets the write in; a write by load balance fails only when none does. */
async function enterFirst(call: Call, [shard, ...others]: readonly Shard[], bytes: number): Promise<Shard> {
  if (shard === undefined) throw new ServiceError(400, 'LogStoreWithoutShard', 'logstore has no shard')
  try {
    await call.context.enterShard(shard, 'write', bytes)
    return shard
  } catch (error) {
    const isFull = error instanceof ServiceError && error.code === 'ShardWriteQuotaExceed'
    if (!isFull || others.length === 0) throw error
    return enterFirst(call, others, bytes)
  }
}

async function readGroups(call: Call): Promise<Group[]> {
  const contentType = call.request.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (contentType === undefined) {
    throw new ServiceError(400, 'MissingContentType', 'Content-Type does not exist in http header')
  }
  if (contentType === 'application/json') return [checked(call, encodeJsonLogGroup(await call.rawBody()))]
  if (contentType !== 'application/x-protobuf') {
    throw new ServiceError(415, 'InvalidContentType', `Content-Type ${contentType} is not supported`)
  }
  if (call.request.header('x-log-mode') === 'batch_group') {
    const type = call.request.header('x-log-compresstype')
    if (type !== undefined) compressionOf(type)
    const bodies = await readLogPackages(call.request.body)
    return bodies.map((body) => checked(call, body))
  }
  return [await readGroup(call)]
}

async function readGroup(call: Call): Promise<Group> {
  const { compression, data, rawSize } = wireBody(call.request, call.context.rules.strict)
  if (compression === 'none') return checked(call, data)
  if (compression !== 'lz4' || rawSize < LARGE_GROUP) {
    return checked(call, await uncompress(compression, data, rawSize))
  }
  const body = new Lz4Body(data, rawSize)
  return { body, logCount: checked(call, uncompressed(body)).logCount }
}

/** The group in memory that the next one overwrites. */
function uncompressed(body: Lz4Body): Buffer {
  try {
    return body.peek()
  } catch (error) {
    if (error instanceof RangeError) throw uncompressError(error.message)
    throw error
  }
}

/** One bad log refuses the whole write. */
function checked(call: Call, body: Buffer): Group {
  const facts = checkLogGroup(body)
  const { strict, checkLogTime } = call.context.rules
  if (strict) checkLimits(facts)
  if (checkLogTime && facts.logCount > 0) checkTimes(facts, Math.floor(call.context.now / 1000))
  return { body, logCount: facts.logCount }
}

function checkTimes({ minTime, maxTime }: LogGroupFacts, now: number): void {
  const wrong = minTime < now - OLDEST_LOG ? minTime : maxTime > now + NEWEST_LOG ? maxTime : undefined
  if (wrong === undefined) return
  throw postBodyInvalid(`log time ${wrong} is not within [-7 days, +15 minutes] of server time ${now}`)
}

/** Limits of the documentation that not every client keeps to. */
function checkLimits({ logCount, shortestKey, longestKey, longestLog }: LogGroupFacts): void {
  if (logCount === 0) throw postBodyInvalid('the log group has no log')
  if (longestLog > MAX_LOG) throw postBodyInvalid(`a log has ${longestLog} bytes, more than ${MAX_LOG}`)
  if (shortestKey === 0 || longestKey > MAX_KEY) {
    throw new ServiceError(400, 'InvalidKey', `a key must have 1 to ${MAX_KEY} bytes`)
  }
}

function withMeta(call: Call, body: GroupBody, receiveTime: number): Buffer {
  return appendTags(rawOf(body), [
    ['__client_ip__', call.request.clientAddress],
    ['__receive_time__', String(receiveTime)]
  ])
}
