import { jsonReply } from '../http/reply'
import { scan } from '../query/scan'
import type { Action } from './call'
import { queryFromParameters, searchCondition } from './log-query'

/** Intervals of one answer, at most. */
const MAX_INTERVALS = 60

/** Counts of the matching logs over equal parts of the time range. */
export const getHistograms: Action = (call) => {
  const query = queryFromParameters(call.query)
  const { from } = query
  const to = Math.max(query.to, from + 1)
  const width = Math.ceil((to - from) / MAX_INTERVALS)
  const counts = new Array<number>(Math.ceil((to - from) / width)).fill(0)
  const found = scan(call.logstore, query, query.topic, searchCondition(query.text))
  for (const { time } of found) {
    const interval = Math.floor((time - from) / width)
    counts[interval] = (counts[interval] ?? 0) + 1
  }
  return jsonReply(
    counts.map((count, i) => ({
      from: from + i * width,
      to: Math.min(from + (i + 1) * width, to),
      count,
      progress: 'Complete'
    })),
    { 'x-log-progress': 'Complete', 'x-log-count': String(found.length) }
  )
}
