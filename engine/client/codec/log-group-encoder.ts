import { SlsError } from '../errors'
import type { Content } from '../model'
import { EncodedKeys } from './encoded-keys'
import { assertContents, assertLogTime, isPairs, type LogInput, notPair, notText } from './log-input'
import { allocateNative, type NativeBuffer } from './native-buffer'
import * as tags from './tags'
import { varintSize, writeVarint } from './varint'

export type { LogInput } from './log-input'

const DEFAULT_CAPACITY = 8192
/** Up to this length a loop over the characters is cheaper than a call into Node. */
const SHORT_TEXT = 48
/** Most bytes that stand around a value: tags and lengths of content and value. */
const CONTENT_OVERHEAD = 12
/** Most bytes that stand around the contents of a log: its tag and length, Time and Time_ns. */
const LOG_OVERHEAD = 24
const MAX_BYTES_PER_CHARACTER = 3

const encodedKeys = new EncodedKeys()

export interface LogGroupFrame {
  topic?: string
  source?: string
  tags?: readonly Content[]
}

/**
 * One open batch: a LogGroup message encoded as it grows, straight into one buffer.
 * Fields ascend; Topic and Source are written only when not empty. Lone surrogates become U+FFFD, as `Buffer.from` does.
 */
export class LogGroupEncoder {
  readonly #tail: Buffer
  #buffer: NativeBuffer
  #length = 0
  #logCount = 0
  #state: 'open' | 'finished' = 'open'
  /** The keys of the log before, by position: most logs repeat them. */
  readonly #keys: string[] = []
  readonly #encodedKeys: Uint8Array[] = []
  #lengthSize = 2

  /**
   * @param initialCapacity bytes
   * @throws SlsError `InvalidLog` when topic, source or a tag is not text
   */
  constructor(frame: LogGroupFrame, initialCapacity: number = DEFAULT_CAPACITY) {
    this.#tail = encodeFrame(frame)
    this.#buffer = allocateNative(Math.max(initialCapacity, LOG_OVERHEAD))
  }

  get logCount(): number {
    return this.#logCount
  }

  /** Exact size in bytes of what `finish` returns. */
  get byteLength(): number {
    return this.#length + this.#tail.length
  }

  /**
   * Adds a log.
   * @param limit bytes of the whole encoded group
   * @returns the bytes the log added; 0, and nothing is added, when the group would exceed `limit`
   * @throws SlsError `InvalidLog` naming the field; nothing is added
   */
  append(log: LogInput, limit: number = Number.POSITIVE_INFINITY): number {
    if (this.#state === 'finished') throw new SlsError('Closed', 'the log group is finished')
    assertLogTime(log)
    const start = this.#length
    this.#reserve(start, LOG_OVERHEAD)
    const bodyStart = start + 1 + this.#lengthSize
    const { time, timeNs, contents } = log
    this.#buffer[bodyStart] = tags.LOG_TIME
    let at = writeVarint(this.#buffer, time, bodyStart + 1)
    at = isPairs(contents) ? this.#writePairs(contents, at) : this.#writeRecord(contents, at)
    if (timeNs !== undefined) {
      this.#reserve(at, LOG_OVERHEAD)
      this.#buffer[at] = tags.LOG_TIME_NS
      at = this.#buffer.writeUInt32LE(timeNs, at + 1)
    }
    const size = at - bodyStart
    const lengthSize = varintSize(size)
    const end = bodyStart + size + lengthSize - this.#lengthSize
    if (end + this.#tail.length > limit) return 0
    if (lengthSize !== this.#lengthSize) {
      this.#reserve(at, LOG_OVERHEAD)
      this.#buffer.copyWithin(start + 1 + lengthSize, bodyStart, at)
      this.#lengthSize = lengthSize
    }
    this.#buffer[start] = tags.GROUP_LOG
    writeVarint(this.#buffer, size, start + 1)
    this.#length = end
    this.#logCount++
    return end - start
  }

  /** The whole LogGroup message. The encoder is spent: a later call throws. */
  finish(): Buffer {
    if (this.#state === 'finished') throw new SlsError('Closed', 'the log group is finished')
    this.#state = 'finished'
    this.#reserve(this.#length, this.#tail.length)
    const end = this.byteLength
    this.#buffer.set(this.#tail, this.#length)
    const group = this.#buffer.subarray(0, end)
    this.#buffer = allocateNative(0)
    return group
  }

  #writePairs(contents: readonly Content[], offset: number): number {
    let at = offset
    for (let index = 0; index < contents.length; index++) {
      const pair: unknown = contents[index]
      if (!Array.isArray(pair) || pair.length !== 2) throw notPair(index)
      const [key, value]: unknown[] = pair
      if (typeof key !== 'string') throw notPair(index)
      if (typeof value !== 'string') throw notText(key, value)
      at = this.#writeContent(index, key, value, at)
    }
    return at
  }

  #writeRecord(record: Readonly<Record<string, string>>, offset: number): number {
    assertContents(record)
    let at = offset
    let index = 0
    for (const key in record) {
      if (!Object.hasOwn(record, key)) continue
      const value: unknown = record[key]
      if (typeof value !== 'string') throw notText(key, value)
      at = this.#writeContent(index++, key, value, at)
    }
    return at
  }

  #writeContent(index: number, key: string, value: string, offset: number): number {
    const encodedKey = this.#encodedKey(index, key)
    const { length } = value
    this.#reserve(offset, CONTENT_OVERHEAD + encodedKey.length + length * MAX_BYTES_PER_CHARACTER)
    const buffer = this.#buffer
    const lengthSize = varintSize(length)
    const contentSize = encodedKey.length + lengthSize + length
    const keyStart = offset + 1 + varintSize(contentSize)
    const valueStart = keyStart + encodedKey.length + lengthSize
    const end = writeText(buffer, value, valueStart)
    if (end - valueStart !== length) return this.#placeWide(encodedKey, offset, valueStart, end)
    buffer[offset] = tags.LOG_CONTENT
    writeVarint(buffer, contentSize, offset + 1)
    buffer.set(encodedKey, keyStart)
    writeVarint(buffer, length, valueStart - lengthSize)
    return end
  }

  /** A value of more bytes than characters: its lengths are known only now, and may have moved it. */
  #placeWide(encodedKey: Uint8Array, offset: number, writtenAt: number, writtenEnd: number): number {
    const buffer = this.#buffer
    const length = writtenEnd - writtenAt
    const lengthSize = varintSize(length)
    const contentSize = encodedKey.length + lengthSize + length
    const keyStart = offset + 1 + varintSize(contentSize)
    const valueStart = keyStart + encodedKey.length + lengthSize
    if (valueStart !== writtenAt) buffer.copyWithin(valueStart, writtenAt, writtenEnd)
    buffer[offset] = tags.LOG_CONTENT
    writeVarint(buffer, contentSize, offset + 1)
    buffer.set(encodedKey, keyStart)
    writeVarint(buffer, length, valueStart - lengthSize)
    return valueStart + length
  }

  #encodedKey(index: number, key: string): Uint8Array {
    if (this.#keys[index] === key) {
      const known = this.#encodedKeys[index]
      if (known !== undefined) return known
    }
    const encoded = encodedKeys.get(key)
    this.#keys[index] = key
    this.#encodedKeys[index] = encoded
    return encoded
  }

  #reserve(offset: number, size: number): void {
    const needed = offset + size
    if (needed <= this.#buffer.length) return
    const grown = allocateNative(Math.max(needed, this.#buffer.length * 2))
    grown.set(this.#buffer.subarray(0, offset))
    this.#buffer = grown
  }
}

/**
 * Exact encoded size, in bytes, of one log as a field of a LogGroup.
 * @throws SlsError `InvalidLog` naming the field, as `append` does
 */
export function measureLog(log: LogInput): number {
  assertLogTime(log)
  const { time, timeNs, contents } = log
  let size = 1 + varintSize(time) + (timeNs === undefined ? 0 : 5)
  if (isPairs(contents)) {
    for (let index = 0; index < contents.length; index++) {
      const pair: unknown = contents[index]
      if (!Array.isArray(pair) || pair.length !== 2) throw notPair(index)
      size += measurePair(index, pair[0], pair[1])
    }
  } else {
    assertContents(contents)
    for (const key of Object.keys(contents)) size += measurePair(0, key, contents[key])
  }
  return 1 + varintSize(size) + size
}

function measurePair(index: number, key: unknown, value: unknown): number {
  if (typeof key !== 'string') throw notPair(index)
  if (typeof value !== 'string') throw notText(key, value)
  const size = textFieldSize(key) + textFieldSize(value)
  return 1 + varintSize(size) + size
}

function textFieldSize(text: string): number {
  const length = Buffer.byteLength(text)
  return 1 + varintSize(length) + length
}

function encodeFrame(frame: LogGroupFrame): Buffer {
  const parts: Buffer[] = []
  if (frame.topic !== undefined && frame.topic !== '') parts.push(textField(tags.GROUP_TOPIC, frame.topic))
  if (frame.source !== undefined && frame.source !== '')
    parts.push(textField(tags.GROUP_SOURCE, frame.source))
  for (const [key, value] of frame.tags ?? []) {
    const pair = Buffer.concat([textField(tags.PAIR_KEY, key), textField(tags.PAIR_VALUE, value)])
    parts.push(lengthDelimited(tags.GROUP_TAG, pair))
  }
  return Buffer.concat(parts)
}

function textField(tag: number, text: string): Buffer {
  return lengthDelimited(tag, Buffer.from(text))
}

export function lengthDelimited(tag: number, body: Buffer): Buffer {
  const head = Buffer.alloc(1 + varintSize(body.length))
  head[0] = tag
  writeVarint(head, body.length, 1)
  return Buffer.concat([head, body])
}

function writeText(buffer: NativeBuffer, text: string, offset: number): number {
  const { length } = text
  if (length <= SHORT_TEXT) {
    let index = 0
    for (; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code > 0x7f) break
      buffer[offset + index] = code
    }
    if (index === length) return offset + length
  }
  return offset + buffer.utf8Write(text, offset, length * MAX_BYTES_PER_CHARACTER)
}
