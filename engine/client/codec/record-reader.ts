import { readLog } from './log-reader'
import { recordNames } from './record-names'

/** The logs of a group as plain records, index by index: fields, Unix seconds, nanoseconds within the second. */
export interface RecordBlock {
  records: Record<string, string>[]
  times: number[]
  timesNs: (number | undefined)[]
}

/** Appends the log in bytes `start` to `end` of a buffer to a block. */
export function readRecord(buffer: Buffer, start: number, end: number, block: RecordBlock): void {
  const log = readLog(buffer, start, end)
  const names = recordNames(log.contents.map(([key]) => key))
  const record: Record<string, string> = {}
  log.contents.forEach(([, value], index) => {
    const name = names[index] ?? ''
    if (name === '__proto__') {
      Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true })
    } else record[name] = value
  })
  block.records.push(record)
  block.times.push(log.time)
  block.timesNs.push(log.timeNs)
}
