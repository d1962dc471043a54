import { compress } from '../../engine/client/compression/compression'
import { jsonReply, type Reply } from '../http/reply'
import { flatten, type LogRecord } from '../query/log-record'
import { scan } from '../query/scan'
import { chooseEncoding } from '../wire/accept-encoding'
import type { Action, Call } from './call'
import { type LogQuery, queryFromJson, queryFromParameters, searchCondition } from './log-query'

const DEFAULT_LINE = 100
const MAX_LINE = 100
const MAX_OFFSET = 1_000_000
const INVALID_LINE = 'InvalidLine'
const INVALID_OFFSET = 'InvalidOffset'
const INVALID_REVERSE = 'InvalidReverse'
/** Bytes of one header, well below what clients read of all headers together. */
const MAX_HEADER = 2048
const NOT_ASCII = /[\u0080-\uffff]/g

/** The older form: parameters in the query, an array of logs in the answer, facts in headers. */
export const getLogs: Action = (call) => {
  const query = queryFromParameters(call.query)
  const line = call.query.integer('line', 0, MAX_LINE, INVALID_LINE) ?? DEFAULT_LINE
  const offset = call.query.integer('offset', 0, MAX_OFFSET, INVALID_OFFSET) ?? 0
  const found = find(call, query, call.query.flag('reverse', INVALID_REVERSE) ?? false)
  const page = found.slice(offset, offset + line).map(flatten)
  return jsonReply(page, {
    'x-log-progress': 'Complete',
    'x-log-count': String(page.length),
    'x-log-processed-rows': String(found.length),
    'x-log-elapsed-millisecond': '0',
    'x-log-has-sql': 'false',
    'x-log-where-query': headerText(query.text),
    'x-log-agg-query': '',
    'x-log-cpu-sec': '0',
    'x-log-cpu-cores': '0',
    'x-log-query-info': queryInfo(page)
  })
}

/** The newer form: JSON in, `meta` and `data` out, compressed where the client accepts it. */
export const getLogsV3: Action = async (call) => {
  const body = await call.json('ParameterInvalid')
  const query = queryFromJson(body)
  const lines = ['line', 'lines'].map((name) => body.integer(name, 0, MAX_LINE, INVALID_LINE))
  const line = lines[0] ?? lines[1] ?? DEFAULT_LINE
  const offset = body.integer('offset', 0, MAX_OFFSET, INVALID_OFFSET) ?? 0
  const found = find(call, query, body.flag('reverse', INVALID_REVERSE) ?? false)
  const data = found.slice(offset, offset + line).map(flatten)
  return compressed(call, jsonReply({ meta: meta(query, data, found.length), data }))
}

/** What the answer holds, as JSON in ASCII; some clients cannot do without it. */
function queryInfo(page: readonly Record<string, string>[]): string {
  const keys: string[] = []
  let size = 0
  for (const key of keysOf(page)) {
    size += JSON.stringify(key).length
    if (size > MAX_HEADER) break
    keys.push(key)
  }
  return JSON.stringify({ keys, terms: [['*', '']], mode: 0 }).replace(NOT_ASCII, escaped)
}

function keysOf(logs: readonly Record<string, string>[]): string[] {
  return [...new Set(logs.flatMap((log) => Object.keys(log)))]
}

/** Text that may stand in a header as it is, else percent-encoded and bounded. */
function headerText(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) && text.length <= MAX_HEADER
    ? text
    : encodeURIComponent(text.slice(0, MAX_HEADER / 12))
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function find(call: Call, query: LogQuery, reverse: boolean): LogRecord[] {
  const found = scan(call.logstore, query, query.topic, searchCondition(query.text))
  return found.sort((a, b) => (a.time - b.time) * (reverse ? -1 : 1))
}

function meta(query: LogQuery, data: readonly Record<string, string>[], found: number) {
  return {
    progress: 'Complete',
    count: data.length,
    processedRows: found,
    processedBytes: 0,
    elapsedMillisecond: 0,
    hasSQL: false,
    whereQuery: query.text,
    aggQuery: '',
    cpuSec: 0,
    cpuCores: 0,
    limited: 0,
    mode: 0,
    scanBytes: 0,
    telementryType: '',
    keys: keysOf(data),
    terms: [],
    isAccurate: true,
    columnTypes: [],
    powerSql: false,
    insertedSQL: '',
    highlights: []
  }
}

async function compressed(call: Call, reply: Reply): Promise<Reply> {
  const encoding = chooseEncoding(call.request.header('accept-encoding'))
  if (encoding === undefined || encoding.compression === 'deflate') return reply
  return {
    ...reply,
    headers: {
      ...reply.headers,
      'x-log-compresstype': encoding.name,
      'x-log-bodyrawsize': String(reply.body.length)
    },
    body: await compress(encoding.compression, reply.body)
  }
}
