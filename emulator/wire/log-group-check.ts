import { postBodyInvalid } from '../service-error'

/** What is known of a LogGroup without decoding it. */
export interface LogGroupFacts {
  readonly logCount: number
  /** Unix seconds; infinite without a log. */
  readonly minTime: number
  readonly maxTime: number
  /** Bytes; of the keys of logs, and of whole logs. */
  readonly shortestKey: number
  readonly longestKey: number
  readonly longestLog: number
}

/** Checks the frames of an encoded LogGroup down to keys and values, decoding none of them. */
export function checkLogGroup(body: Buffer): LogGroupFacts {
  const scanner = new LogGroupScanner(body)
  try {
    scanner.scan()
  } catch (error) {
    if (error instanceof RangeError) throw postBodyInvalid(`protobuf parse error: ${error.message}`)
    throw error
  }
  return scanner
}

const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const FIXED32 = 5
/** First bytes of Key and Value. */
const KEY_TAG = 0x0a
const VALUE_TAG = 0x12

/** One pass over the bytes with nothing allocated on the way: this is what a write costs. */
class LogGroupScanner implements LogGroupFacts {
  logCount = 0
  minTime = Number.POSITIVE_INFINITY
  maxTime = Number.NEGATIVE_INFINITY
  shortestKey = Number.POSITIVE_INFINITY
  longestKey = 0
  longestLog = 0
  #offset = 0

  constructor(private readonly body: Buffer) {}

  scan(): void {
    const end = this.body.length
    while (this.#offset < end) {
      const tag = this.#tag(end)
      const field = tag >>> 3
      if (field === 1) this.#log(this.#payload(tag, end, 'Logs'))
      else if (field === 6) this.#pair(this.#payload(tag, end, 'LogTags'))
      else if (field <= 5 && field > 0)
        this.#offset = this.#payload(tag, end, 'Category, Topic, Source or MachineUUID')
      else this.#skip(tag, end)
    }
  }

  #log(end: number): void {
    const size = end - this.#offset
    let time = -1
    while (this.#offset < end) {
      const tag = this.#tag(end)
      const field = tag >>> 3
      if (field === 2) {
        const key = this.#pair(this.#payload(tag, end, 'Contents'))
        if (key < this.shortestKey) this.shortestKey = key
        if (key > this.longestKey) this.longestKey = key
      } else if (field === 1) {
        if ((tag & 7) !== VARINT) throw new RangeError(`Time is not a varint at byte ${this.#offset}`)
        time = this.#varint(end) % 2 ** 32
      } else if (field === 4 && (tag & 7) !== FIXED32) {
        throw new RangeError(`Time_ns is not a fixed32 at byte ${this.#offset}`)
      } else this.#skip(tag, end)
    }
    if (time < 0) throw new RangeError(`log without Time before byte ${end}`)
    this.logCount++
    if (time < this.minTime) this.minTime = time
    if (time > this.maxTime) this.maxTime = time
    if (size > this.longestLog) this.longestLog = size
  }

  /** Bytes of the key of a content or tag that ends there. */
  #pair(end: number): number {
    const { body } = this
    const start = this.#offset
    const keySize = body[start + 1] ?? 0x80
    const valueTag = start + 2 + keySize
    const valueSize = body[valueTag + 1] ?? 0x80
    const isPlain =
      body[start] === KEY_TAG && keySize < 0x80 && body[valueTag] === VALUE_TAG && valueSize < 0x80
    if (!isPlain || valueTag + 2 + valueSize !== end) return this.#unusualPair(end)
    this.#offset = end
    return keySize
  }

  /** With long parts, in another order or with further fields. */
  #unusualPair(end: number): number {
    let key = -1
    let value = -1
    while (this.#offset < end) {
      const tag = this.#tag(end)
      const field = tag >>> 3
      if (field === 1) {
        const keyEnd = this.#payload(tag, end, 'Key')
        key = keyEnd - this.#offset
        this.#offset = keyEnd
      } else if (field === 2) {
        value = this.#payload(tag, end, 'Value')
        this.#offset = value
      } else this.#skip(tag, end)
    }
    if (key < 0 || value < 0) throw new RangeError(`Key or Value is missing before byte ${end}`)
    return key
  }

  /** Where the payload of a length-delimited field ends; it begins at the offset. */
  #payload(tag: number, end: number, name: string): number {
    if ((tag & 7) !== LENGTH_DELIMITED)
      throw new RangeError(`${name} is not length-delimited at byte ${this.#offset}`)
    const payloadEnd = this.#varint(end) + this.#offset
    if (payloadEnd > end) throw new RangeError(`${name} is cut at byte ${this.#offset}`)
    return payloadEnd
  }

  #skip(tag: number, end: number): void {
    if (tag < 8) throw new RangeError(`field number 0 at byte ${this.#offset}`)
    const wireType = tag & 7
    if (wireType === VARINT) this.#varint(end)
    else if (wireType === LENGTH_DELIMITED) this.#offset = this.#payload(tag, end, 'field')
    else if (wireType === FIXED32) this.#offset += 4
    else if (wireType === FIXED64) this.#offset += 8
    else throw new RangeError(`wire type ${wireType} at byte ${this.#offset}`)
    if (this.#offset > end) throw new RangeError(`field is cut at byte ${end}`)
  }

  #tag(end: number): number {
    const tag = this.#varint(end)
    if (tag >= 2 ** 31) throw new RangeError(`field number is too large at byte ${this.#offset}`)
    return tag
  }

  #varint(end: number): number {
    const first = this.#offset < end ? this.body[this.#offset] : undefined
    if (first !== undefined && first < 0x80) {
      this.#offset++
      return first
    }
    return this.#longVarint(end)
  }

  #longVarint(end: number): number {
    let value = 0
    let scale = 1
    for (let i = 0; i < 10; i++) {
      const byte = this.#offset < end ? this.body[this.#offset++] : undefined
      if (byte === undefined) throw new RangeError(`varint is cut at byte ${this.#offset}`)
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
    throw new RangeError(`varint is too long at byte ${this.#offset}`)
  }
}
