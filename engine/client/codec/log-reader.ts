import type { Content, Log } from '../model'
import * as tags from './tags'
import { corrupt, WireReader } from './wire-reader'

/** The log in bytes `start` to `end` of a buffer: its contents as they stand, in order. */
export function readLog(buffer: Buffer, start: number, end: number): Log {
  const reader = new WireReader(buffer, start, end)
  const contents: Content[] = []
  let time: number | undefined
  let timeNs: number | undefined
  while (!reader.done) {
    const offset = reader.offset
    const tag = reader.tag()
    if (tag === tags.LOG_CONTENT) {
      const fieldEnd = reader.fieldEnd('Log.Contents')
      contents.push(readPair(buffer, reader.offset, fieldEnd, 'Log.Contents'))
      reader.offset = fieldEnd
    } else if (tag === tags.LOG_TIME) time = reader.varint('Log.Time')
    else if (tag === tags.LOG_TIME_NS) timeNs = reader.fixed32('Log.Time_ns')
    else {
      const field = tag >>> 3
      if (field === 1 || field === 2 || field === 4)
        throw corrupt(offset, `Log field ${field}`, wrongType(tag))
      reader.skip(tag, offset)
    }
  }
  if (time === undefined) throw corrupt(start, 'Log.Time', 'is missing')
  return timeNs === undefined ? { time, contents } : { time, timeNs, contents }
}

/** A key and a value, each required. */
export function readPair(buffer: Buffer, start: number, end: number, name: string): Content {
  const reader = new WireReader(buffer, start, end)
  let key: string | undefined
  let value: string | undefined
  while (!reader.done) {
    const offset = reader.offset
    const tag = reader.tag()
    if (tag === tags.PAIR_KEY) key = reader.text(`${name}.Key`)
    else if (tag === tags.PAIR_VALUE) value = reader.text(`${name}.Value`)
    else if (tag >>> 3 <= 2) throw corrupt(offset, `${name} field ${tag >>> 3}`, wrongType(tag))
    else reader.skip(tag, offset)
  }
  if (key === undefined) throw corrupt(start, `${name}.Key`, 'is missing')
  if (value === undefined) throw corrupt(start, `${name}.Value`, 'is missing')
  return [key, value]
}

export function wrongType(tag: number): string {
  return `has wire type ${tag & 7}`
}
