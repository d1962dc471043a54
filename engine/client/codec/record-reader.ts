import type { Content } from '../model'
import { readLog } from './log-reader'
import { LogScanner, MAX_FIELDS } from './log-scanner'
import type { NativeBuffer } from './native-buffer'
import { recordNames } from './record-names'
import { ShortValues } from './short-values'
import { WIDE_TEXT_SPILL, WideText } from './wide-text'

/** The logs of a group as plain records, index by index: fields, Unix seconds, nanoseconds within the second. */
export interface RecordBlock {
  records: Record<string, string>[]
  times: number[]
  timesNs: (number | undefined)[]
}

/** Bytes of a text that values are cut from: a value that is kept keeps the whole text. */
const LARGEST_TEXT = 2048
const NOT_ASCII = 0x8080_8080 | 0

/** Shared by all reads: each runs to its end before another begins. */
const scanner = new LogScanner()
const shortValues = new ShortValues()
const wideText = new WideText(LARGEST_TEXT)
/** Fields of a log that are to be cut from the wide text, and their UTF-16 units. */
const wideFields = new Int32Array(MAX_FIELDS)
const wideUnits = new Int32Array(MAX_FIELDS)

/** Reads logs of one buffer as records. */
export class RecordReader {
  readonly block: RecordBlock = { records: [], times: [], timesNs: [] }
  readonly #bytes: NativeBuffer
  readonly #view: DataView
  /** Offset up to which a wide text may end. */
  readonly #wideEnd: number
  /** By field, of the log that is read. */
  readonly #values: string[] = []
  /** Bytes `#textStart` to `#textEnd`, of which only those that are ASCII are right. */
  #text = ''
  #textStart = 0
  #textEnd = 0

  constructor(bytes: NativeBuffer) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#wideEnd = bytes.length - WIDE_TEXT_SPILL
  }

  /**
   * Appends the log in bytes `start` to `end` to the block. One function on purpose: of two, V8 compiles at times one
   * into the other, and then has no room left for the search of short values.
   * @throws SlsError `CorruptBody`
   */
  read(start: number, end: number): void {
    if (!scanner.scan(this.#view, start, end)) {
      const log = readLog(this.#bytes, start, end)
      this.#append(recordOf(log.contents), log.time, log.timeNs)
      return
    }
    const { count, starts, ends, shape } = scanner
    const values = this.#values
    const logNumber = this.block.records.length
    wideText.clear()
    let wideCount = 0
    let wideBytes = 0
    for (let field = 0; field < count; field++) {
      const from = starts[field] as number
      const to = ends[field] as number
      if (shortValues.takes(field, to - from, logNumber)) {
        values[field] =
          shortValues.find(field, this.#view, from, to) ?? shortValues.add(this.#newValue(field))
      } else if (isAscii(this.#view, from, to)) values[field] = this.#asciiValue(field)
      else {
        const fits = wideBytes + to - from <= LARGEST_TEXT && to <= this.#wideEnd
        const units = fits ? wideText.add(this.#view, from, to) : -1
        if (units < 0) values[field] = this.#bytes.utf8Slice(from, to)
        else {
          wideFields[wideCount] = field
          wideUnits[wideCount++] = units
          wideBytes += to - from
        }
      }
    }
    if (wideCount > 0) this.#cutWideText(wideCount)
    this.#append(shape.maker.make(values), scanner.time, scanner.timeNs)
  }

  /** True where `read` cannot fail: the log is written as all SLS writers do it. */
  isPlain(start: number, end: number): boolean {
    return scanner.scan(this.#view, start, end)
  }

  /** By index: V8 compiles it in place, which it does not with `push` on arrays whose kind changes. */
  #append(record: Record<string, string>, time: number, timeNs: number | undefined): void {
    const { records, times, timesNs } = this.block
    const index = records.length
    records[index] = record
    times[index] = time
    timesNs[index] = timeNs
  }

  /** A short value that was not found. */
  #newValue(field: number): string {
    if (shortValues.isAscii) return this.#asciiValue(field)
    return this.#bytes.utf8Slice(scanner.starts[field] as number, scanner.ends[field] as number)
  }

  #asciiValue(field: number): string {
    const from = scanner.starts[field] as number
    const to = scanner.ends[field] as number
    if (from < this.#textStart || to > this.#textEnd) this.#startText(field)
    return this.#text.substring(from - this.#textStart, to - this.#textStart)
  }

  /** The next text begins with this field's value and goes on to the end of the log, where it is not too far. */
  #startText(field: number): void {
    const { starts, ends } = scanner
    const from = starts[field] as number
    let last = scanner.count - 1
    while (last > field && (ends[last] as number) - from > LARGEST_TEXT) last--
    const to = ends[last] as number
    this.#text = this.#bytes.latin1Slice(from, to)
    this.#textStart = from
    this.#textEnd = to
  }

  #cutWideText(count: number): void {
    const text = wideText.take()
    let at = 0
    for (let index = 0; index < count; index++) {
      const end = at + (wideUnits[index] as number)
      this.#values[wideFields[index] as number] = text.substring(at, end)
      at = end
    }
  }
}

/** Whether the bytes are ASCII, and of less than 4 bytes those before them. */
function isAscii(view: DataView, start: number, end: number): boolean {
  for (let at = start; at + 4 <= end; at += 4) {
    if ((view.getInt32(at, true) & NOT_ASCII) !== 0) return false
  }
  return (view.getInt32(end - 4, true) & NOT_ASCII) === 0
}

function recordOf(contents: readonly Content[]): Record<string, string> {
  const names = recordNames(contents.map(([key]) => key))
  return Object.fromEntries(contents.map(([, value], index) => [names[index], value]))
}
