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

/** The older form: parameters in the query, an array of logs in the answer, facts in headers. */
export const getLogs: Action = (call) => {
  const query = queryFromParameters(call.query)
  const line = call.query.integer('line', 0, MAX_LINE) ?? DEFAULT_LINE
  const offset = call.query.integer('offset', 0, MAX_OFFSET) ?? 0
  const found = find(call, query, call.query.flag('reverse') ?? false)
  const page = found.slice(offset, offset + line).map(flatten)
  return jsonReply(page, {
    'x-log-progress': 'Complete',
    'x-log-count': String(page.length),
    'x-log-processed-rows': String(found.length),
    'x-log-elapsed-millisecond': '0',
    'x-log-has-sql': 'false',
    'x-log-where-query': encodeURIComponent(query.text),
    'x-log-agg-query': '',
    'x-log-cpu-sec': '0',
    'x-log-cpu-cores': '0'
  })
}

/** The newer form: JSON in, `meta` and `data` out, compressed where the client accepts it. */
export const getLogsV3: Action = async (call) => {
  const body = await call.json('ParameterInvalid')
  const query = queryFromJson(body)
  const line = body.integer('line', 0, MAX_LINE) ?? body.integer('lines', 0, MAX_LINE) ?? DEFAULT_LINE
  const offset = body.integer('offset', 0, MAX_OFFSET) ?? 0
  const found = find(call, query, body.flag('reverse') ?? false)
  const data = found.slice(offset, offset + line).map(flatten)
  return compressed(call, jsonReply({ meta: meta(query, data, found.length), data }))
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
    keys: [...new Set(data.flatMap((log) => Object.keys(log)))],
    terms: [],
    isAccurate: true,
    columnTypes: [],
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
