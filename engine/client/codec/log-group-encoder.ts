import { constants } from 'node:buffer'
import { SlsError } from '../errors'
import type { Content } from '../model'
import { checkedObject, whole } from '../option-checks'
import { ContentWriter } from './content-writer'
import { GrowingBuffer } from './growing-buffer'
import {
  assertContents,
  assertLogTime,
  assertText,
  isPairs,
  type LogInput,
  notPair,
  notTags,
  notText
} from './log-input'
import * as tags from './tags'
import { varintSize, writeVarint } from './varint'

export type { LogInput } from './log-input'

const DEFAULT_CAPACITY = 8192
/** Most bytes of a log beside its contents: tag and length, Time and Time_ns. */
const OVERHEAD = 1 + 5 + 6 + 5
/** From here on a varint has five bytes: times since 1978. */
const FIVE_BYTES = 0x1000_0000

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
  readonly #buffer: GrowingBuffer
  readonly #contents: ContentWriter
  #state: 'open' | 'finished' | 'released' = 'open'
  #length = 0
  #logCount = 0
  /** Bytes that the length of the log before took. */
  #lengthSize = 2

  /**
   * @param initialCapacity bytes
   * @throws SlsError `InvalidLog` when topic, source or a tag is not text, `InvalidOption`
   */
  constructor(frame: LogGroupFrame, initialCapacity: number = DEFAULT_CAPACITY) {
    whole('initialCapacity', initialCapacity, 0, constants.MAX_LENGTH)
    this.#tail = encodeFrame(frame)
    this.#buffer = new GrowingBuffer(initialCapacity)
    this.#contents = new ContentWriter(this.#buffer)
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
    if (this.#state !== 'open') throw new SlsError('Closed', 'the log group is finished')
    assertLogTime(log)
    assertContents(log.contents)
    const buffer = this.#buffer
    const start = this.#length
    const bodyStart = start + 1 + this.#lengthSize
    buffer.reserve(start, OVERHEAD)
    let at = this.#contents.write(log.contents, writeTime(buffer, log.time, bodyStart))
    buffer.reserve(at, OVERHEAD)
    if (log.timeNs !== undefined) {
      buffer.bytes[at] = tags.LOG_TIME_NS
      at = buffer.bytes.writeUInt32LE(log.timeNs, at + 1)
    }
    const size = at - bodyStart
    const lengthSize = varintSize(size)
    const end = start + 1 + lengthSize + size
    if (end + this.#tail.length > limit) return 0
    if (lengthSize !== this.#lengthSize) {
      buffer.bytes.copyWithin(start + 1 + lengthSize, bodyStart, at)
      this.#lengthSize = lengthSize
    }
    buffer.bytes[start] = tags.GROUP_LOG
    writeVarint(buffer.bytes, size, start + 1)
    this.#length = end
    this.#logCount++
    return end - start
  }

  /** Takes the latest logs out again: it had `byteLength` bytes and `logCount` logs before them. */
  cutBack(byteLength: number, logCount: number): void {
    this.#length = byteLength - this.#tail.length
    this.#logCount = logCount
    this.#buffer.cutBack(byteLength)
  }

  /** The whole LogGroup message. The encoder is spent: a later call throws. */
  finish(): Buffer {
    if (this.#state !== 'open') throw new SlsError('Closed', 'the log group is finished')
    this.#state = 'finished'
    const end = this.byteLength
    this.#buffer.reserve(this.#length, this.#tail.length)
    this.#tail.copy(this.#buffer.bytes, this.#length)
    return this.#buffer.bytes.subarray(0, end)
  }

  /**
   * Gives the memory of the group to the next encoder, which spares the system's work for new memory. What `finish`
   * returned must not be used any more: call it once the group is compressed, or never.
   */
  release(): void {
    if (this.#state === 'released') return
    this.#state = 'released'
    this.#buffer.release()
  }
}

function writeTime({ bytes, view }: GrowingBuffer, time: number, offset: number): number {
  bytes[offset] = tags.LOG_TIME
  if (time < FIVE_BYTES) return writeVarint(bytes, time, offset + 1)
  const low = (time & 0x7f) | ((time & 0x3f80) << 1) | ((time & 0x1f_c000) << 2) | ((time & 0xfe0_0000) << 3)
  view.setInt32(offset + 1, low | 0x8080_8080, true)
  view.setUint8(offset + 5, time >>> 28)
  return offset + 6
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
  const { topic = '', source = '', tags: pairs } = checkedObject('frame', frame)
  assertText('topic', topic)
  assertText('source', source)
  const parts: Buffer[] = []
  if (topic !== '') parts.push(textField(tags.GROUP_TOPIC, topic))
  if (source !== '') parts.push(textField(tags.GROUP_SOURCE, source))
  if (pairs !== undefined && pairs !== null && !Array.isArray(pairs)) throw notTags()
  pairs?.forEach((tag: unknown, index) => {
    if (!Array.isArray(tag) || tag.length !== 2) throw notPair(index, 'tags')
    const [key, value] = tag
    assertText(`tags[${index}]`, key)
    assertText(`tags[${index}]`, value)
    const pair = Buffer.concat([textField(tags.PAIR_KEY, key), textField(tags.PAIR_VALUE, value)])
    parts.push(lengthDelimited(tags.GROUP_TAG, pair))
  })
  return Buffer.concat(parts)
}

function textField(tag: number, text: string): Buffer {
  return lengthDelimited(tag, Buffer.from(text))
}

function lengthDelimited(tag: number, body: Buffer): Buffer {
  const head = Buffer.alloc(1 + varintSize(body.length))
  head[0] = tag
  writeVarint(head, body.length, 1)
  return Buffer.concat([head, body])
}
