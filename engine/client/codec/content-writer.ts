import type { Content } from '../model'
import { type EncodedKey, EncodedKeys, KEY_SPILL } from './encoded-keys'
import type { GrowingBuffer } from './growing-buffer'
import { inheritsFields, isPairs, type LogInput, notPair, notText } from './log-input'
import * as tags from './tags'
import { MAX_BYTES_PER_UNIT, writeText } from './text-writer'
import { varintSize, writeVarint } from './varint'

/** Most bytes of a content beside key and value, and what a key may spill behind its end. */
const OVERHEAD = 1 + 5 + 5 + KEY_SPILL
/** Fields of a log whose keys are remembered for the next one. */
const REMEMBERED_FIELDS = 256
/** The largest number that a varint holds in one byte. */
const MAX_ONE_BYTE = 0x7f

/** From this length on a value is measured first, so that no room is made that it does not need. */
const MEASURED_FROM = 4096

const encodedKeys = new EncodedKeys()

/** Writes the contents of logs. Most logs repeat the keys of the log before, so a key is first compared with that. */
export class ContentWriter {
  readonly #buffer: GrowingBuffer
  /** By field, of the log before. */
  readonly #keys: string[] = []
  readonly #encodedKeys: EncodedKey[] = []

  constructor(buffer: GrowingBuffer) {
    this.#buffer = buffer
  }

  /**
   * Writes all contents of a log at `offset`.
   * @returns the offset after them
   * @throws SlsError `InvalidLog` naming the field
   */
  write(contents: LogInput['contents'], offset: number): number {
    return isPairs(contents) ? this.#writePairs(contents, offset) : this.#writeRecord(contents, offset)
  }

  #writePairs(pairs: readonly Content[], offset: number): number {
    let at = offset
    for (let index = 0; index < pairs.length; index++) {
      const pair: unknown = pairs[index]
      if (!Array.isArray(pair) || pair.length !== 2) throw notPair(index)
      const [key, value]: unknown[] = pair
      if (typeof key !== 'string') throw notPair(index)
      at = this.#writeContent(index, key, value, at)
    }
    return at
  }

  #writeRecord(record: Readonly<Record<string, string>>, offset: number): number {
    let at = offset
    let field = 0
    if (inheritsFields(record)) {
      for (const key of Object.keys(record)) at = this.#writeContent(field++, key, record[key], at)
    } else {
      for (const key in record) at = this.#writeContent(field++, key, record[key], at)
    }
    return at
  }

  #writeContent(field: number, key: string, value: unknown, offset: number): number {
    if (typeof value !== 'string') throw notText(key, value)
    const encodedKey = this.#encodedKey(field, key)
    if (value.length > MEASURED_FROM) {
      const size = Buffer.byteLength(value)
      this.#buffer.reserve(offset, OVERHEAD + encodedKey.size + size)
      return this.#placeLong(encodedKey, value, size, offset)
    }
    const largest = encodedKey.size + 1 + value.length * MAX_BYTES_PER_UNIT
    this.#buffer.reserve(offset, OVERHEAD + largest)
    return largest <= MAX_ONE_BYTE
      ? this.#placeShort(encodedKey, value, offset)
      : this.#placeLong(encodedKey, value, value.length, offset)
  }

  #encodedKey(field: number, key: string): EncodedKey {
    if (this.#keys[field] === key) return this.#encodedKeys[field] as EncodedKey
    const encodedKey = encodedKeys.get(key)
    if (field < REMEMBERED_FIELDS) {
      this.#keys[field] = key
      this.#encodedKeys[field] = encodedKey
    }
    return encodedKey
  }

  /** Where both lengths take one byte whatever the value holds. */
  #placeShort(key: EncodedKey, value: string, offset: number): number {
    const { bytes, view } = this.#buffer
    const valueStart = offset + 2 + key.size + 1
    key.copyTo(view, offset + 2)
    const end = writeText(this.#buffer, value, valueStart)
    bytes[offset] = tags.LOG_CONTENT
    bytes[offset + 1] = end - offset - 2
    bytes[valueStart - 1] = end - valueStart
    return end
  }

  /** Takes the value to have `expectedSize` bytes, and writes it again where it has another size. */
  #placeLong(key: EncodedKey, value: string, expectedSize: number, offset: number): number {
    const { bytes, view } = this.#buffer
    bytes[offset] = tags.LOG_CONTENT
    const keyStart = writeVarint(bytes, key.size + varintSize(expectedSize) + expectedSize, offset + 1)
    key.copyTo(view, keyStart)
    const valueStart = writeVarint(bytes, expectedSize, keyStart + key.size)
    const end = writeText(this.#buffer, value, valueStart)
    const size = end - valueStart
    return size === expectedSize ? end : this.#placeLong(key, value, size, offset)
  }
}
