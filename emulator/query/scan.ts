import { parseLogGroup } from '../../engine/client/codec/log-group-list'
import type { Logstore } from '../store/logstore'
import { type LogRecord, recordsOf } from './log-record'
import type { LogPredicate } from './search'

/** Log times in Unix seconds, `from` inclusive, `to` exclusive; both the same means that second. */
export interface TimeRange {
  from: number
  to: number
}

/** The logs of all shards in a time range that match, in the order in which they came. */
export function scan(
  logstore: Logstore,
  { from, to }: TimeRange,
  topic: string | undefined,
  matches: LogPredicate
): LogRecord[] {
  const end = Math.max(to, from + 1)
  const found: LogRecord[] = []
  for (const shard of logstore.listShards()) {
    for (const group of shard.allGroups()) {
      const view = parseLogGroup(group.body())
      if (topic !== undefined && view.topic !== topic) continue
      for (const record of recordsOf(view)) {
        if (record.time >= from && record.time < end && matches(record)) found.push(record)
      }
    }
  }
  return found
}
