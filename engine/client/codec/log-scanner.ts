import { RecordShapes } from './record-shapes'
import * as tags from './tags'

/** Fields of a log that a scan takes in; logs with more are left to the general reader. */
export const MAX_FIELDS = 256
/** Bytes of a log that a scan takes in: its sizes then have one byte or two. */
const MAX_LOG_SIZE = 0x3fff

const MAX_TIME_SIZE = 5
const MAX_TIME = 0xffff_ffff
const TIME_NS_SIZE = 4

/**
 * Finds the values of a log that is written as all SLS writers do it: Time, Contents (key, then value), Time_ns, and
 * nothing else. Any other log, and a damaged one, is left to the general reader.
 */
export class LogScanner {
  readonly #shapes = new RecordShapes()
  shape = this.#shapes.root
  time = 0
  timeNs: number | undefined
  /** Fields of the log. */
  count = 0
  /** By field: offset of the value, offset behind it. */
  readonly starts = new Int32Array(MAX_FIELDS)
  readonly ends = new Int32Array(MAX_FIELDS)

  /** Scans the log in bytes `start` to `end`; false when it is left to the general reader. */
  scan(view: DataView, start: number, end: number): boolean {
    if (end - start > MAX_LOG_SIZE) return false
    const contentsStart = this.#scanTime(view, start, end)
    if (contentsStart < 0) return false
    const at = this.#scanContents(view, contentsStart, end)
    this.timeNs = undefined
    if (at === end) return true
    if (at < 0 || end - at !== 1 + TIME_NS_SIZE || view.getUint8(at) !== tags.LOG_TIME_NS) return false
    this.timeNs = view.getUint32(at + 1, true)
    return true
  }

  /** Returns the offset behind the time, or -1. */
  #scanTime(view: DataView, start: number, end: number): number {
    if (start >= end || view.getUint8(start) !== tags.LOG_TIME) return -1
    let time = 0
    let scale = 1
    const limit = Math.min(start + 1 + MAX_TIME_SIZE, end)
    for (let at = start + 1; at < limit; at++) {
      const byte = view.getUint8(at)
      time += (byte & 0x7f) * scale
      scale *= 0x80
      if (byte < 0x80) {
        this.time = time
        return time <= MAX_TIME ? at + 1 : -1
      }
    }
    return -1
  }

  /** Returns the offset behind the contents, or -1. */
  #scanContents(view: DataView, start: number, end: number): number {
    const { starts, ends } = this
    let { root: shape } = this.#shapes
    let count = 0
    let at = start
    while (at < end && view.getUint8(at) === tags.LOG_CONTENT) {
      const size = sizeAt(view, at + 1, end)
      const contentStart = at + 1 + sizeOfSize(size)
      const contentEnd = contentStart + size
      if (size < 0 || contentEnd > end || count === MAX_FIELDS) return -1
      const next = shape.next?.matches(view, contentStart, contentEnd)
        ? shape.next
        : this.#shapes.follow(shape, view, contentStart, contentEnd)
      if (next === undefined) return -1
      shape = next
      const valueSizeAt = contentStart + shape.keySize
      const valueSize = sizeAt(view, valueSizeAt, contentEnd)
      const valueStart = valueSizeAt + sizeOfSize(valueSize)
      if (valueSize < 0 || valueStart + valueSize !== contentEnd) return -1
      starts[count] = valueStart
      ends[count] = contentEnd
      count++
      at = contentEnd
    }
    this.shape = shape
    this.count = count
    return at
  }
}

/** A size of one or two bytes; -1 when it is longer, padded or cut off. */
function sizeAt(view: DataView, offset: number, end: number): number {
  if (offset >= end) return -1
  const low = view.getUint8(offset)
  if (low < 0x80) return low
  if (offset + 1 >= end) return -1
  const size = (low & 0x7f) | (view.getUint8(offset + 1) << 7)
  return size >= 0x80 && size <= MAX_LOG_SIZE ? size : -1
}

function sizeOfSize(size: number): number {
  return size < 0x80 ? 1 : 2
}
