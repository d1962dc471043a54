import { LogGroupEncoder } from '../../engine/client/codec/log-group-encoder'
import { parseLogGroup } from '../../engine/client/codec/log-group-list'
import { type LogRecord, recordsOf } from './log-record'

export interface OpenGroup {
  records: LogRecord[]
  /** A group with the same topic, source and tags, and these logs. */
  encode(records: readonly LogRecord[]): Buffer
}

/** Opens an encoded group for a query that changes its logs. */
export function parseGroupWithRecords(body: Buffer): OpenGroup {
  const view = parseLogGroup(body)
  return {
    records: recordsOf(view),
    encode: (records) => {
      const encoder = new LogGroupEncoder({ topic: view.topic, source: view.source, tags: view.tags })
      for (const { time, timeNs, fields } of records) encoder.append({ time, timeNs, contents: [...fields] })
      return encoder.finish()
    }
  }
}
