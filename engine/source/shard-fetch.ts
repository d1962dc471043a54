import type { PullResult } from '../client/calls/pull-logs'
import { type LogGroupView, parseLogGroupList } from '../client/codec/log-group-list'
import { decodeCursor, encodeCursor } from '../client/cursor'
import { SlsError } from '../client/errors'
import type { MemoryGate, Reservation } from './memory-gate'
import type { PullLimiter } from './pull-limiter'
import type { PulledBodies, PulledBody } from './pulled-bodies'

export interface FetchRequest {
  readonly logstore: string
  readonly shard: number
  readonly from: bigint
  /** What lies at or after it is not wanted. */
  readonly end: bigint | undefined
  readonly maxLogGroups: number
  readonly query: string | undefined
  /** Bytes that the answer will probably hold. */
  readonly expectedSize: number
}

/** Bytes and lines before a query, lines after it, and those on which it failed. */
export interface FilterCounts {
  readonly bytes: number
  readonly lines: number
  readonly results: number
  readonly failed: number
}

/** What one fetch brought, with the memory that it holds. */
export interface FetchAnswer {
  readonly to: bigint
  readonly groups: readonly LogGroupView[]
  /** Position of the first group where each takes the next one, else undefined. */
  readonly first: bigint | undefined
  /** Log groups read, before the query where there is one. */
  readonly readGroups: number
  /** Positions that were passed without a log group, where each group takes one. */
  readonly missing: number
  /** With a query: what was read, and what of it is left. */
  readonly filter: FilterCounts | undefined
  readonly rawSize: number
  readonly receiveTime: number | undefined
  readonly endOfCursor: boolean
  readonly memory: Reservation
}

/**
 * One fetch, with memory reserved before it is sent. Nobody holds memory when it fails.
 * @throws SlsError of the client; `BadResponse` and `CorruptBody` where the answer makes no sense
 */
export async function fetchOnce(
  pulls: Pick<PullLimiter, 'pullLogs'>,
  { gate, bodies }: { readonly gate: MemoryGate; readonly bodies: PulledBodies },
  request: FetchRequest,
  signal: AbortSignal
): Promise<FetchAnswer> {
  const reservation = await gate.reserve(request.expectedSize, signal)
  let body: PulledBody | undefined
  const memory: Reservation = {
    ...reservation,
    release: () => {
      body?.close()
      reservation.release()
    }
  }
  try {
    const { logstore, shard, from, end, maxLogGroups: count, query } = request
    const cursor = encodeCursor(from)
    const endCursor = end === undefined ? undefined : encodeCursor(end)
    let raw: Buffer | undefined
    const allocate = (size: number) => {
      raw = bodies.allocate(size)
      return raw
    }
    const result = await pulls.pullLogs(
      { logstore, shard, cursor, count, endCursor, query, allocate },
      signal
    )
    if (result.block !== undefined && result.body === raw) body = bodies.hold(raw, result.block)
    const answer = readAnswer(request, result, body, memory)
    memory.settle(result.body.length)
    return answer
  } catch (error) {
    memory.release()
    throw error
  }
}

function readAnswer(
  request: FetchRequest,
  result: PullResult,
  body: PulledBody | undefined,
  memory: Reservation
): FetchAnswer {
  const bad = (message: string) =>
    new SlsError('BadResponse', `PullLogs: ${message}`, {
      requestId: result.requestId,
      retryability: 'ordinary'
    })
  const { from, end } = request
  const to = positionOf(result.nextCursor, bad)
  const groups = parseLogGroupList(result.body, body)
  if (to < from) throw bad('the next cursor lies before the one that was asked for')
  if (groups.length !== result.groupCount) {
    throw bad(`${result.groupCount} log groups are counted, but the body holds ${groups.length}`)
  }
  if (groups.length > 0 && to === from) throw bad('there are log groups, but the cursor did not move')
  const first = firstPosition(request, result, groups.length, to)
  const answer = {
    to,
    groups,
    first,
    readGroups: result.rawDataCount ?? groups.length,
    missing: request.query === undefined ? Math.max(0, Number(to - from) - groups.length) : 0,
    filter: request.query === undefined ? undefined : filterCounts(result),
    rawSize: result.body.length,
    receiveTime: result.cursorTime,
    endOfCursor: result.endOfCursor,
    memory
  }
  return end !== undefined && first !== undefined && to > end ? cutAt(end, first, answer) : answer
}

function filterCounts(result: PullResult): FilterCounts {
  return {
    bytes: result.rawDataSize ?? 0,
    lines: result.rawDataLines ?? 0,
    results: result.resultLines ?? 0,
    failed: result.failedLines ?? 0
  }
}

function positionOf(cursor: string, bad: (message: string) => SlsError): bigint {
  try {
    return decodeCursor(cursor)
  } catch {
    throw bad('the next cursor is no cursor')
  }
}

/**
 * Consecutive groups of a shard take consecutive positions, the last of them in `x-log-read-last-cursor`, as the
 * service's SDKs rely on. A query may drop and merge groups: then only if all of the fetch are left.
 */
function firstPosition(
  { from, query }: FetchRequest,
  { lastCursor }: PullResult,
  groups: number,
  to: bigint
): bigint | undefined {
  if (groups === 0) return undefined
  const count = BigInt(groups)
  const first = lastCursor === undefined ? to - count : lastCursor - count + 1n
  const last = first + count - 1n
  if (query !== undefined) return first === from && last === to - 1n ? first : undefined
  return first >= from && last < to ? first : undefined
}

/** What lies before `end`, of a service that answers with more than was asked for. */
function cutAt(end: bigint, first: bigint, answer: FetchAnswer): FetchAnswer {
  const kept = answer.groups.slice(0, Number(end > first ? end - first : 0n))
  return { ...answer, to: end, groups: kept, first: kept.length === 0 ? undefined : first }
}
