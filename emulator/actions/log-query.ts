import type { Query } from '../http/query'
import { type LogPredicate, parseSearch } from '../query/search'
import { QueryError } from '../query/tokens'
import { ServiceError } from '../service-error'
import type { JsonBody } from '../wire/json-body'

/** Which logs a query is about: log times in Unix seconds, one topic or all, a search condition. */
export interface LogQuery {
  from: number
  to: number
  topic: string | undefined
  text: string
}

const MAX_TIME = 2 ** 33

/** The query as parameters; `logQuery` says what is refused. */
export function queryFromParameters(query: Query): LogQuery {
  return logQuery(
    query.integer('from', 0, MAX_TIME),
    query.integer('to', 0, MAX_TIME),
    query.text('topic'),
    query.text('query')
  )
}

/** The query as JSON; `logQuery` says what is refused. */
export function queryFromJson(body: JsonBody): LogQuery {
  return logQuery(
    body.integer('from', 0, MAX_TIME),
    body.integer('to', 0, MAX_TIME),
    body.text('topic'),
    body.text('query')
  )
}

/** @throws ServiceError `InvalidTimeRange` */
function logQuery(
  from: number | undefined,
  to: number | undefined,
  topic: string | undefined,
  text: string | undefined
): LogQuery {
  if (from === undefined || to === undefined || from > to) {
    throw new ServiceError(400, 'InvalidTimeRange', 'from and to must be Unix seconds, from not after to')
  }
  return { from, to, topic: topic === '' ? undefined : topic, text: text ?? '' }
}

/** @throws ServiceError `InvalidQueryString`, for SQL too, which is not supported */
export function searchCondition(text: string): LogPredicate {
  if (text.replace(/"(?:[^"\\]|\\.)*"/g, '').includes('|')) {
    throw new ServiceError(400, 'InvalidQueryString', 'analytic statements (after |) are not supported')
  }
  try {
    return parseSearch(text)
  } catch (error) {
    if (error instanceof QueryError) throw new ServiceError(400, 'InvalidQueryString', error.message)
    throw error
  }
}
