import { postBodyInvalid } from '../service-error'
import { FrameReader } from './frame-reader'

export interface LogGroupFacts {
  logCount: number
  /** Unix seconds; undefined without a log. */
  minTime: number | undefined
  maxTime: number | undefined
}

/** Checks the frames of an encoded LogGroup down to keys and values, decoding none of them. */
export function checkLogGroup(body: Buffer): LogGroupFacts {
  try {
    return checkFrames(body)
  } catch (error) {
    if (error instanceof RangeError) throw postBodyInvalid(`protobuf parse error: ${error.message}`)
    throw error
  }
}

function checkFrames(body: Buffer): LogGroupFacts {
  const reader = new FrameReader(body, 0, body.length)
  let logCount = 0
  let minTime = Number.POSITIVE_INFINITY
  let maxTime = Number.NEGATIVE_INFINITY
  while (reader.next()) {
    if (reader.field === 1) {
      const time = checkLog(body, lengthDelimited(reader, 'Logs'), reader.offset + reader.value)
      logCount++
      if (time < minTime) minTime = time
      if (time > maxTime) maxTime = time
    } else if (reader.field === 6) {
      checkPair(body, lengthDelimited(reader, 'LogTags'), reader.offset + reader.value)
    } else if (reader.field <= 5) lengthDelimited(reader, 'Category, Topic, Source or MachineUUID')
    reader.skip()
  }
  return logCount === 0
    ? { logCount, minTime: undefined, maxTime: undefined }
    : { logCount, minTime, maxTime }
}

/** The log's time, Unix seconds. */
function checkLog(body: Buffer, start: number, end: number): number {
  const reader = new FrameReader(body, start, end)
  let time = -1
  while (reader.next()) {
    if (reader.field === 1) {
      if (reader.wireType !== 0) throw new RangeError(`Time is not a varint at byte ${reader.offset}`)
      time = reader.value % 2 ** 32
    } else if (reader.field === 2) {
      checkPair(body, lengthDelimited(reader, 'Contents'), reader.offset + reader.value)
    } else if (reader.field === 4 && reader.wireType !== 5) {
      throw new RangeError(`Time_ns is not a fixed32 at byte ${reader.offset}`)
    }
    reader.skip()
  }
  if (time < 0) throw new RangeError(`log without Time before byte ${end}`)
  return time
}

function checkPair(body: Buffer, start: number, end: number): void {
  const reader = new FrameReader(body, start, end)
  let seen = 0
  while (reader.next()) {
    if (reader.field === 1 || reader.field === 2) {
      lengthDelimited(reader, 'Key or Value')
      seen |= reader.field
    }
    reader.skip()
  }
  if (seen !== 3) throw new RangeError(`Key or Value is missing before byte ${end}`)
}

/** Where the payload starts. */
function lengthDelimited(reader: FrameReader, name: string): number {
  if (reader.wireType !== 2) throw new RangeError(`${name} is not length-delimited at byte ${reader.offset}`)
  return reader.offset
}
