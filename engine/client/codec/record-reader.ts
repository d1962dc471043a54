import { readLog } from './log-reader'
import type { NativeBuffer } from './native-buffer'
import { recordNames } from './record-names'
import { type RecordShape, RecordShapes } from './record-shapes'
import * as tags from './tags'
import { WideText } from './wide-text'

/** The logs of a group as plain records, index by index: fields, Unix seconds, nanoseconds within the second. */
export interface RecordBlock {
  records: Record<string, string>[]
  times: number[]
  timesNs: (number | undefined)[]
}

const MAX_FIELDS = 256
/** A value may keep the text of its log alive, so longer logs are read value by value. */
const MAX_TEXT = 8192

const shapes = new RecordShapes()
const starts = new Int32Array(MAX_FIELDS)
const ends = new Int32Array(MAX_FIELDS)
const kinds = new Uint8Array(MAX_FIELDS)
const wide = new WideText(MAX_TEXT)
const ASCII = 0
const WIDE = 1
const OTHER = 2

export class RecordReader {
  readonly block: RecordBlock = { records: [], times: [], timesNs: [] }
  readonly #bytes: NativeBuffer
  readonly #view: DataView

  constructor(bytes: NativeBuffer) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /** Appends the log in bytes `start` to `end`. */
  read(start: number, end: number): void {
    if (!this.#readCanonical(start, end)) this.#readAny(start, end)
  }

  #readCanonical(start: number, end: number): boolean {
    const bytes = this.#bytes
    const view = this.#view
    let at = start
    if (end - start < 2 || bytes[at++] !== tags.LOG_TIME) return false
    let time = 0
    for (let scale = 1; ; scale *= 0x80) {
      if (at >= end || scale > 0x1000_0000) return false
      const byte = view.getUint8(at++)
      time += (byte & 0x7f) * scale
      if (byte < 0x80) break
    }
    if (time > 0xffff_ffff) return false
    let timeNs: number | undefined
    let shape = shapes.root
    let count = 0
    let narrow = 0
    const short = end - start <= MAX_TEXT
    wide.clear()
    while (at < end) {
      const tag = view.getUint8(at++)
      if (tag !== tags.LOG_CONTENT) {
        if (tag !== tags.LOG_TIME_NS || end - at !== 4) return false
        timeNs = view.getUint32(at, true)
        break
      }
      if (end - at < 6 || count === MAX_FIELDS) return false
      let size = view.getUint8(at++)
      if (size > 0x7f) {
        const high = view.getUint8(at++)
        if (high > 0x7f) return false
        size = (size & 0x7f) | (high << 7)
      }
      const contentEnd = at + size
      if (contentEnd > end) return false
      const next = shape.next
      let followed: RecordShape | undefined
      if (next?.matches(view, at, contentEnd)) followed = next
      else followed = shapes.follow(shape, view, at, contentEnd)
      if (followed === undefined) return false
      shape = followed
      at += shape.keySize
      if (contentEnd - at < 1) return false
      let valueSize = view.getUint8(at++)
      if (valueSize > 0x7f) {
        if (contentEnd === at) return false
        const high = view.getUint8(at++)
        if (high > 0x7f) return false
        valueSize = (valueSize & 0x7f) | (high << 7)
      }
      if (at + valueSize !== contentEnd) return false
      const valueStart = at
      let bits = 0
      for (; at + 4 <= contentEnd; at += 4) bits |= view.getInt32(at, true)
      for (; at < contentEnd; at++) bits |= view.getUint8(at)
      if (!short) {
        starts[count] = valueStart
        ends[count] = contentEnd
        kinds[count++] = OTHER
      } else if ((bits & 0x8080_8080) === 0) {
        narrow++
        starts[count] = valueStart - start
        ends[count] = contentEnd - start
        kinds[count++] = ASCII
      } else {
        const from = wide.length
        if (wide.add(view, valueStart, contentEnd)) {
          starts[count] = from
          ends[count] = wide.length
          kinds[count++] = WIDE
        } else {
          starts[count] = valueStart
          ends[count] = contentEnd
          kinds[count++] = OTHER
        }
      }
    }
    const { names } = shape
    const record = { ...shape.template }
    const text = narrow > 0 ? bytes.latin1Slice(start, end) : ''
    if (narrow === count) {
      for (let index = 0; index < count; index++) {
        record[names[index] ?? ''] = text.substring(starts[index] ?? 0, ends[index] ?? 0)
      }
    } else {
      const wideText = wide.take()
      for (let index = 0; index < count; index++) {
        const from = starts[index] ?? 0
        const to = ends[index] ?? 0
        const kind = kinds[index]
        record[names[index] ?? ''] =
          kind === ASCII
            ? text.substring(from, to)
            : kind === WIDE
              ? wideText.substring(from, to)
              : bytes.utf8Slice(from, to)
      }
    }
    this.block.records.push(record)
    this.block.times.push(time)
    this.block.timesNs.push(timeNs)
    return true
  }

  #readAny(start: number, end: number): void {
    const log = readLog(this.#bytes, start, end)
    const names = recordNames(log.contents.map(([key]) => key))
    const record: Record<string, string> = {}
    log.contents.forEach(([, value], index) => {
      const name = names[index] ?? ''
      if (name === '__proto__') {
        Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true })
      } else record[name] = value
    })
    this.block.records.push(record)
    this.block.times.push(log.time)
    this.block.timesNs.push(log.timeNs)
  }
}
