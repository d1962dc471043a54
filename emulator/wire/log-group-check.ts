import { postBodyInvalid } from '../service-error'
import { FrameReader } from './frame-reader'

/** What is known of a LogGroup without decoding it. */
export class LogGroupFacts {
  logCount = 0
  /** Unix seconds; infinite without a log. */
  minTime = Number.POSITIVE_INFINITY
  maxTime = Number.NEGATIVE_INFINITY
  /** Bytes; of the keys of logs, and of whole logs. */
  shortestKey = Number.POSITIVE_INFINITY
  longestKey = 0
  longestLog = 0
}

/** Checks the frames of an encoded LogGroup down to keys and values, decoding none of them. */
export function checkLogGroup(body: Buffer): LogGroupFacts {
  try {
    return checkGroup(body)
  } catch (error) {
    if (error instanceof RangeError) throw postBodyInvalid(`protobuf parse error: ${error.message}`)
    throw error
  }
}

function checkGroup(body: Buffer): LogGroupFacts {
  const facts = new LogGroupFacts()
  const reader = new FrameReader(body, 0, body.length)
  while (reader.next()) {
    if (reader.field === 1) {
      checkLog(reader, facts)
    } else if (reader.field === 6) {
      checkPair(reader, 'LogTags')
    } else if (reader.field <= 5) requireLength(reader, 'Category, Topic, Source or MachineUUID')
    reader.skip()
  }
  return facts
}

function checkLog(group: FrameReader, facts: LogGroupFacts): void {
  requireLength(group, 'Logs')
  const reader = new FrameReader(group.buffer, group.offset, group.offset + group.value)
  let time = -1
  while (reader.next()) {
    if (reader.field === 1) {
      if (reader.wireType !== 0) throw new RangeError(`Time is not a varint at byte ${reader.offset}`)
      time = reader.value % 2 ** 32
    } else if (reader.field === 2) {
      const key = checkPair(reader, 'Contents')
      if (key < facts.shortestKey) facts.shortestKey = key
      if (key > facts.longestKey) facts.longestKey = key
    } else if (reader.field === 4 && reader.wireType !== 5) {
      throw new RangeError(`Time_ns is not a fixed32 at byte ${reader.offset}`)
    }
    reader.skip()
  }
  if (time < 0) throw new RangeError(`log without Time before byte ${reader.end}`)
  facts.logCount++
  if (time < facts.minTime) facts.minTime = time
  if (time > facts.maxTime) facts.maxTime = time
  if (group.value > facts.longestLog) facts.longestLog = group.value
}

/** Bytes of the key. */
function checkPair(outer: FrameReader, name: string): number {
  requireLength(outer, name)
  const reader = new FrameReader(outer.buffer, outer.offset, outer.offset + outer.value)
  let key = -1
  let hasValue = false
  while (reader.next()) {
    if (reader.field === 1) {
      requireLength(reader, 'Key')
      key = reader.value
    } else if (reader.field === 2) {
      requireLength(reader, 'Value')
      hasValue = true
    }
    reader.skip()
  }
  if (key < 0 || !hasValue) throw new RangeError(`Key or Value is missing before byte ${reader.end}`)
  return key
}

function requireLength(reader: FrameReader, name: string): void {
  if (reader.wireType !== 2) throw new RangeError(`${name} is not length-delimited at byte ${reader.offset}`)
}
