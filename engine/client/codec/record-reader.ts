import type { Content } from '../model'
import { readLog } from './log-reader'
import { LogScanner } from './log-scanner'
import type { NativeBuffer } from './native-buffer'
import { recordNames } from './record-names'
import type { RecordShape } from './record-shapes'
import { WideText } from './wide-text'

/** The logs of a group as plain records, index by index: fields, Unix seconds, nanoseconds within the second. */
export interface RecordBlock {
  records: Record<string, string>[]
  times: number[]
  timesNs: (number | undefined)[]
}

/** Bytes of a log whose values are cut from one text: a value that is kept keeps the whole text. */
const LARGEST_TEXT = 2048
/** Values up to this size are copied when they are cut from a text. */
const SHORT_VALUE = 12
const IN_ASCII_TEXT = -2

/** Shared by all reads: each runs to its end before another begins. */
const scanner = new LogScanner()
const wideText = new WideText(LARGEST_TEXT)

/** Reads logs of one buffer as records. */
export class RecordReader {
  readonly block: RecordBlock = { records: [], times: [], timesNs: [] }
  readonly #bytes: NativeBuffer
  readonly #view: DataView

  constructor(bytes: NativeBuffer) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /**
   * Appends the log in bytes `start` to `end` to the block.
   * @throws SlsError `CorruptBody`
   */
  read(start: number, end: number): void {
    const { block } = this
    if (scanner.scan(this.#view, start, end)) {
      block.records.push(this.#record(start, end))
      block.times.push(scanner.time)
      block.timesNs.push(scanner.timeNs)
      return
    }
    const log = readLog(this.#bytes, start, end)
    block.records.push(recordOf(log.contents))
    block.times.push(log.time)
    block.timesNs.push(log.timeNs)
  }

  /** True where `read` cannot fail: the log is written as all SLS writers do it. */
  isPlain(start: number, end: number): boolean {
    return scanner.scan(this.#view, start, end)
  }

  #record(start: number, end: number): Record<string, string> {
    if (end - start > LARGEST_TEXT) return this.#largeRecord()
    return scanner.anyWide === 0 ? this.#asciiRecord(start, end) : this.#wideRecord(start, end)
  }

  /** Each value is a text of its own. */
  #largeRecord(): Record<string, string> {
    const { shape, count, starts, ends, wide } = scanner
    const record = emptyRecord(shape)
    const { names } = shape
    for (let field = 0; field < count; field++) {
      const from = starts[field] as number
      const to = ends[field] as number
      record[names[field] as string] =
        wide[field] === 0 ? this.#bytes.latin1Slice(from, to) : this.#bytes.utf8Slice(from, to)
    }
    return record
  }

  /** All values are cut from one text. */
  #asciiRecord(start: number, end: number): Record<string, string> {
    const { shape, count, starts, ends } = scanner
    const record = emptyRecord(shape)
    const { names } = shape
    const text = this.#bytes.latin1Slice(start, end)
    for (let field = 0; field < count; field++) {
      record[names[field] as string] = text.substring(
        (starts[field] as number) - start,
        (ends[field] as number) - start
      )
    }
    return record
  }

  /** Values that are not ASCII, and short ones beside them, are cut from one text; longer ASCII values from another. */
  #wideRecord(start: number, end: number): Record<string, string> {
    const { shape, count, starts, ends, wide } = scanner
    let anyAscii = false
    wideText.clear()
    for (let field = 0; field < count; field++) {
      const from = starts[field] as number
      const to = ends[field] as number
      if (wide[field] !== 0 || to - from <= SHORT_VALUE) wide[field] = wideText.add(this.#view, from, to)
      else {
        wide[field] = IN_ASCII_TEXT
        anyAscii = true
      }
    }
    const record = emptyRecord(shape)
    const { names } = shape
    const asciiText = anyAscii ? this.#bytes.latin1Slice(start, end) : ''
    const text = wideText.take()
    let at = 0
    for (let field = 0; field < count; field++) {
      const length = wide[field] as number
      if (length >= 0) {
        record[names[field] as string] = text.substring(at, at + length)
        at += length
      } else {
        const from = starts[field] as number
        const to = ends[field] as number
        record[names[field] as string] =
          length === IN_ASCII_TEXT
            ? asciiText.substring(from - start, to - start)
            : this.#bytes.utf8Slice(from, to)
      }
    }
    return record
  }
}

/** A copy of the shape's template: fields are then set, not added one by one. */
function emptyRecord(shape: RecordShape): Record<string, string> {
  return { ...shape.template }
}

function recordOf(contents: readonly Content[]): Record<string, string> {
  const names = recordNames(contents.map(([key]) => key))
  return Object.fromEntries(contents.map(([, value], index) => [names[index], value]))
}
