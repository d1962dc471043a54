import type { Content } from '../model'
import { type EncodedKey, EncodedKeys } from './encoded-keys'
import type { GrowingBuffer } from './growing-buffer'
import { isPairs, type LogInput, notPair, notText } from './log-input'
import * as tags from './tags'
import { MAX_BYTES_PER_UNIT, writeText } from './text-writer'
import { varintSize, writeVarint } from './varint'

/** Most bytes of a content beside key and value, and what a store of a word may write behind its end. */
const OVERHEAD = 1 + 5 + 5 + 4
/** Fields of a log whose keys are remembered for the next one. */
const REMEMBERED_FIELDS = 256
/** Contents of fewer bytes are not worth gathering. */
const GATHER_FROM = 160
/** The largest number that a varint holds in one byte. */
const MAX_ONE_BYTE = 0x7f

const encodedKeys = new EncodedKeys()
/** Has fields only where someone added them to Object.prototype. */
const noFields = {}

/**
 * Writes the contents of logs, in one of two ways.
 *
 * After an ASCII log that is not tiny, contents are gathered as one text, tags and lengths included (they are ASCII
 * too while a content has fewer than 128 bytes), which one call writes. Where that text turns out not to be ASCII, and
 * after such a log, each value is written on its own.
 */
export class ContentWriter {
  readonly #buffer: GrowingBuffer
  /** By field: the key of the log before, its encoded form, the value to write. */
  readonly #keys: string[] = []
  readonly #encodedKeys: EncodedKey[] = []
  readonly #values: string[] = []
  #gathers = false
  #ascii = true

  constructor(buffer: GrowingBuffer) {
    this.#buffer = buffer
  }

  /**
   * Writes all contents of a log at `offset`.
   * @returns the offset after them
   * @throws SlsError `InvalidLog` naming the field
   */
  write(contents: LogInput['contents'], offset: number): number {
    const count = isPairs(contents) ? this.#takePairs(contents) : this.#takeRecord(contents)
    this.#ascii = true
    let end = this.#gathers ? this.#gather(count, offset) : this.#placeAll(count, offset)
    if (this.#gathers && !this.#ascii) end = this.#placeAll(count, offset)
    this.#gathers = this.#ascii && end - offset >= GATHER_FROM
    if (count > REMEMBERED_FIELDS) this.#forget()
    return end
  }

  #takePairs(pairs: readonly Content[]): number {
    for (let index = 0; index < pairs.length; index++) {
      const pair: unknown = pairs[index]
      if (!Array.isArray(pair) || pair.length !== 2) throw notPair(index)
      const [key, value]: unknown[] = pair
      if (typeof key !== 'string') throw notPair(index)
      this.#take(index, key, value)
    }
    return pairs.length
  }

  #takeRecord(record: Readonly<Record<string, string>>): number {
    let count = 0
    if (inheritsFields(record)) {
      for (const key of Object.keys(record)) this.#take(count++, key, record[key])
    } else {
      for (const key in record) this.#take(count++, key, record[key])
    }
    return count
  }

  #take(field: number, key: string, value: unknown): void {
    if (typeof value !== 'string') throw notText(key, value)
    this.#values[field] = value
    if (this.#keys[field] === key) return
    this.#keys[field] = key
    this.#encodedKeys[field] = encodedKeys.get(key)
  }

  #forget(): void {
    this.#keys.length = REMEMBERED_FIELDS
    this.#encodedKeys.length = REMEMBERED_FIELDS
    this.#values.length = REMEMBERED_FIELDS
  }

  #gather(count: number, offset: number): number {
    const keys = this.#encodedKeys
    const values = this.#values
    let text = ''
    let at = offset
    for (let field = 0; field < count; field++) {
      const key = keys[field] as EncodedKey
      const value = values[field] as string
      if (value.length <= key.longestPlainValue) {
        text += key.plainHead(value.length)
        text += value
      } else {
        at = this.#place(key, value, this.#writeAscii(text, at))
        text = ''
      }
    }
    return this.#writeAscii(text, at)
  }

  #writeAscii(text: string, offset: number): number {
    const { length } = text
    if (length === 0) return offset
    this.#buffer.reserve(offset, length * MAX_BYTES_PER_UNIT)
    const size = this.#buffer.bytes.utf8Write(text, offset, length * MAX_BYTES_PER_UNIT)
    if (size !== length) this.#ascii = false
    return offset + size
  }

  #placeAll(count: number, offset: number): number {
    const keys = this.#encodedKeys
    const values = this.#values
    let at = offset
    for (let field = 0; field < count; field++) {
      at = this.#place(keys[field] as EncodedKey, values[field] as string, at)
    }
    return at
  }

  #place(key: EncodedKey, value: string, offset: number): number {
    const { length } = value
    this.#buffer.reserve(offset, OVERHEAD + key.size + length * MAX_BYTES_PER_UNIT)
    const size =
      key.size + 1 + length * MAX_BYTES_PER_UNIT <= MAX_ONE_BYTE
        ? this.#placeShort(key, value, offset)
        : this.#placeLong(key, value, length, offset)
    if (size !== length) this.#ascii = false
    const contentSize = key.size + varintSize(size) + size
    return offset + 1 + varintSize(contentSize) + contentSize
  }

  /** Where both lengths take one byte whatever the value holds. */
  #placeShort(key: EncodedKey, value: string, offset: number): number {
    const { bytes } = this.#buffer
    const valueStart = offset + 2 + key.size + 1
    key.copyTo(this.#buffer.view, offset + 2)
    const size = writeText(this.#buffer, value, valueStart) - valueStart
    bytes[offset] = tags.LOG_CONTENT
    bytes[offset + 1] = key.size + 1 + size
    bytes[valueStart - 1] = size
    return size
  }

  /** Takes the value to have `expectedSize` bytes, and writes it again where it has another size. */
  #placeLong(key: EncodedKey, value: string, expectedSize: number, offset: number): number {
    const { bytes, view } = this.#buffer
    bytes[offset] = tags.LOG_CONTENT
    const keyStart = writeVarint(bytes, key.size + varintSize(expectedSize) + expectedSize, offset + 1)
    key.copyTo(view, keyStart)
    const valueStart = writeVarint(bytes, expectedSize, keyStart + key.size)
    const size = writeText(this.#buffer, value, valueStart) - valueStart
    return size === expectedSize ? size : this.#placeLong(key, value, size, offset)
  }
}

/** True where a loop over the record would meet fields that are not its own. */
function inheritsFields(record: object): boolean {
  for (const _ in noFields) return true
  const prototype: unknown = Object.getPrototypeOf(record)
  return prototype !== Object.prototype && prototype !== null
}
