import { decompress } from '../compression/compression'
import { SlsError } from '../errors'
import type { CompressionName } from '../model'
import { callable, checkedObject, optionalText, text, whole } from '../option-checks'
import { badResponse } from '../response-json'
import type { ServiceCall, ServiceResponse } from '../signed-call'
import { shardPath } from './resource-path'

export interface PullLogsRequest {
  logstore: string
  shard: number
  /** Of the first log group wanted. */
  cursor: string
  /** Log groups wanted, 1..1000. */
  count: number
  /** The read stops before this cursor. */
  endCursor?: string | undefined
  /** Consumer query (SPL) that the service filters with. */
  query?: string | undefined
  /** Gives memory of just that many bytes for a body that comes as an LZ4 block; new memory where not given. */
  allocate?: ((size: number) => Buffer) | undefined
}

export interface PullResult {
  requestId: string
  /** Where to read on; the request's own cursor where nothing was read at the end. */
  nextCursor: string
  groupCount: number
  /** Bytes of `body`. */
  rawSize: number
  /** The LogGroupList, decompressed; empty where nothing was read. */
  body: Buffer
  /** The body as an LZ4 block, where it came as one. */
  block?: Buffer | undefined
  /** The reader has caught up with the writers. */
  endOfCursor: boolean
  /** Cursor of the last log group of the body. */
  lastCursor: bigint | undefined
  /** Unix seconds: when the service received what lies at the returned position. */
  cursorTime: number | undefined
  /** With a query: bytes, log groups and lines before it, lines after it, lines on which it failed. */
  rawDataSize?: number
  rawDataCount?: number
  rawDataLines?: number
  resultLines?: number
  failedLines?: number
}

/** Bytes that one fetch may decompress to. The service keeps to about 10 MiB. */
export const maxPullSize = 64 * 1024 * 1024

/** A block may grow a little when it is compressed. */
const maxResponseSize = maxPullSize + 1024 * 1024

/** @throws SlsError `InvalidOption` naming the part of the request that is wrong */
export function pullLogsCall(request: PullLogsRequest): ServiceCall {
  const { cursor, count, endCursor, allocate } = checkedObject('request', request)
  const query: [string, string][] = [
    ['type', 'log'],
    ['cursor', text('cursor', cursor)],
    ['count', String(whole('count', count, 1, 1000))]
  ]
  if (endCursor !== undefined) query.push(['end_cursor', text('endCursor', endCursor)])
  optionalText('query', request.query)
  if (allocate !== undefined) callable('allocate', allocate)
  if (isFiltered(request.query)) query.push(['query', request.query], ['pullMode', 'scan_on_stream'])
  return {
    api: 'PullLogs',
    logstore: request.logstore,
    method: 'GET',
    path: shardPath(request.logstore, request.shard),
    query,
    headers: { accept: 'application/x-protobuf', 'accept-encoding': 'lz4' },
    maxResponseSize
  }
}

/**
 * @throws SlsError `BadResponse` where a header is missing, malformed or at odds with another, `CorruptBody` where the
 * body does not decompress to just the size that the service states.
 */
export async function readPullLogs(
  response: ServiceResponse,
  { query, allocate }: Pick<PullLogsRequest, 'query' | 'allocate'>
): Promise<PullResult> {
  const filtered = isFiltered(query)
  const nextCursor = headerText(response, 'x-log-cursor')
  if (nextCursor === undefined) throw badResponse(response, 'the header x-log-cursor is missing')
  const groupCount = mandatory(response, 'x-log-count')
  const rawSize = mandatory(response, 'x-log-bodyrawsize')
  if (rawSize > maxPullSize) throw tooLarge(response, rawSize)
  if (groupCount > 0 && rawSize === 0)
    throw badResponse(response, 'log groups are counted, but there is no body')
  if (groupCount === 0 && rawSize > 0 && !filtered)
    throw badResponse(response, 'there is a body, but no log groups are counted')
  const lastCursor = digits(response, 'x-log-read-last-cursor')
  const compression = compressionOf(response)
  const result: PullResult = {
    requestId: response.requestId,
    nextCursor,
    groupCount,
    rawSize,
    body: await decompressed(response, compression, rawSize, allocate),
    block: compression === 'lz4' && rawSize > 0 ? response.body : undefined,
    endOfCursor: headerText(response, 'x-log-end-of-cursor') === '1',
    lastCursor: lastCursor === undefined ? undefined : BigInt(lastCursor),
    cursorTime: optional(response, 'x-log-cursor-time')
  }
  return filtered ? { ...result, ...filterCounts(response) } : result
}

async function decompressed(
  response: ServiceResponse,
  compression: CompressionName,
  rawSize: number,
  allocate: PullLogsRequest['allocate']
): Promise<Buffer> {
  try {
    if (rawSize > 0) return await decompress(compression, response.body, rawSize, maxPullSize, allocate)
    if (response.body.length === 0) return response.body
    throw new SlsError('CorruptBody', 'the header x-log-bodyrawsize says 0, but there is a body')
  } catch (error) {
    const known = error instanceof SlsError ? error : undefined
    throw new SlsError(
      known?.code ?? 'CorruptBody',
      `PullLogs: ${known?.message ?? 'the body cannot be read'}`,
      {
        status: response.status,
        requestId: response.requestId,
        retryability: 'transient',
        hint: known?.hint,
        cause: error
      }
    )
  }
}

function compressionOf(response: ServiceResponse): CompressionName {
  const name = headerText(response, 'x-log-compresstype') ?? 'none'
  switch (name) {
    case 'lz4':
    case 'zstd':
    case 'deflate':
    case 'none':
      return name
    case 'gzip': // a zlib stream as well
      return 'deflate'
    default:
      throw badResponse(response, 'the header x-log-compresstype names no known compression')
  }
}

function isFiltered(query: string | undefined): query is string {
  return query !== undefined && query !== ''
}

function tooLarge(response: ServiceResponse, rawSize: number): SlsError {
  return new SlsError(
    'BadResponse',
    `PullLogs: a body of ${rawSize} bytes is over the limit of ${maxPullSize}`,
    {
      status: response.status,
      requestId: response.requestId,
      retryability: 'ordinary',
      hint: 'Fetch fewer log groups at a time'
    }
  )
}

function filterCounts(response: ServiceResponse): Partial<PullResult> {
  const counts: Partial<PullResult> = {}
  for (const [field, header] of filterHeaders) {
    const count = optional(response, header)
    if (count !== undefined) counts[field] = count
  }
  return counts
}

const filterHeaders = [
  ['rawDataSize', 'x-log-rawdatasize'],
  ['rawDataCount', 'x-log-rawdatacount'],
  ['rawDataLines', 'x-log-rawdatalines'],
  ['resultLines', 'x-log-resultlines'],
  ['failedLines', 'x-log-failedlines']
] as const

function mandatory(response: ServiceResponse, header: string): number {
  const value = optional(response, header)
  if (value === undefined) throw badResponse(response, `the header ${header} is missing`)
  return value
}

function optional(response: ServiceResponse, header: string): number | undefined {
  const number = digits(response, header)
  if (number === undefined) return undefined
  if (number.length > 15) throw badResponse(response, `the header ${header} is out of range`)
  return Number(number)
}

function digits(response: ServiceResponse, header: string): string | undefined {
  const value = headerText(response, header)
  if (value === undefined) return undefined
  if (!/^\d{1,20}$/.test(value)) throw badResponse(response, `the header ${header} is not a number`)
  return value
}

function headerText(response: ServiceResponse, name: string): string | undefined {
  const value = response.headers[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
