import type { Query } from '../http/query'
import { type LogPredicate, parseSearch } from '../query/search'
import { QueryError } from '../query/tokens'
import { ServiceError } from '../service-error'

/** Which logs a query is about: log times in Unix seconds, one topic or all, a search condition. */
export interface LogQuery {
  from: number
  to: number
  topic: string | undefined
  text: string
}

const MAX_TIME = 2 ** 33

export function queryFromParameters(query: Query): LogQuery {
  const from = query.integer('from', 0, MAX_TIME)
  const to = query.integer('to', 0, MAX_TIME)
  if (from === undefined || to === undefined || from > to) {
    throw new ServiceError(400, 'InvalidTimeRange', 'from and to must be Unix seconds, from not after to')
  }
  return { from, to, topic: query.text('topic'), text: query.text('query') ?? '' }
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
