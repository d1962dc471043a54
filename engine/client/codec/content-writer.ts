import type { Content } from '../model'
import { EncodedKey, EncodedKeys, KEY_SPILL } from './encoded-keys'
import type { GrowingBuffer } from './growing-buffer'
import { assertRecord, isPairs, type LogInput, notPair, notText } from './log-input'
import * as tags from './tags'
import { MAX_BYTES_PER_UNIT, TEXT_SPILL, writeText } from './text-writer'
import { varintSize, writeVarint } from './varint'

/** Most bytes of a content beside encoded key and value: what the two lengths take, and what is written behind it. */
const OVERHEAD = 4 + 5 + Math.max(KEY_SPILL, TEXT_SPILL)
/** The largest number that a varint holds in one byte. */
const MAX_ONE_BYTE = 0x7f
/** Bytes of a content before what its length counts, where that takes one byte. */
const SHORT_HEAD = 2

/** From this length on a value is measured before room is made for it, so that no more is made than it needs. */
const MEASURED_FROM = 4096

/** Cheaper than `Object.hasOwn`, which calls it. */
const hasOwn = Object.prototype.hasOwnProperty

const encodedKeys = new EncodedKeys()
const emptyKey = new EncodedKey('')

/** Writes the contents of logs. Most logs repeat the keys of the log before, so a key is first compared with that. */
export class ContentWriter {
  readonly #buffer: GrowingBuffer
  /** Of the log before. */
  #firstKey = emptyKey

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
    let previous: EncodedKey | undefined
    let encoded = this.#firstKey
    for (let index = 0; index < pairs.length; index++) {
      const pair: unknown = pairs[index]
      if (!Array.isArray(pair) || pair.length !== 2) throw notPair(index)
      const [key, value]: unknown[] = pair
      if (typeof key !== 'string') throw notPair(index)
      if (typeof value !== 'string') throw notText(key, value)
      if (key !== encoded.key) encoded = this.#follow(previous, key)
      at = this.#writeContent(encoded, value, at)
      previous = encoded
      encoded = encoded.next
    }
    return at
  }

  /** Takes all fields for the record's own, and those of its prototypes come after them. */
  #writeRecord(record: Readonly<Record<string, string>>, offset: number): number {
    let at = offset
    let previous: EncodedKey | undefined
    let encoded = this.#firstKey
    for (const key in record) {
      const value: unknown = record[key]
      if (typeof value !== 'string') return this.#writeOwnFields(record, offset)
      if (key !== encoded.key) encoded = this.#follow(previous, key)
      at = this.#writeContent(encoded, value, at)
      previous = encoded
      encoded = encoded.next
    }
    const areOwn = previous !== undefined && hasOwn.call(record, previous.key)
    return areOwn ? at : this.#writeOwnFields(record, offset)
  }

  #writeOwnFields(record: Readonly<Record<string, string>>, offset: number): number {
    const keys = Object.keys(record)
    if (keys.length === 0) assertRecord(record)
    let at = offset
    for (const key of keys) {
      const value: unknown = record[key]
      if (typeof value !== 'string') throw notText(key, value)
      at = this.#writeContent(encodedKeys.get(key), value, at)
    }
    return at
  }

  /** Another key than that which followed `previous` last time. */
  #follow(previous: EncodedKey | undefined, key: string): EncodedKey {
    const encoded = encodedKeys.follow(previous, key)
    if (previous === undefined) this.#firstKey = encoded
    return encoded
  }

  /** Takes both lengths to have one byte, unless the last value of this key tells otherwise. */
  #writeContent(key: EncodedKey, value: string, offset: number): number {
    const buffer = this.#buffer
    const { length } = value
    const keySize = key.size
    const most = OVERHEAD + keySize + length * MAX_BYTES_PER_UNIT
    if (offset + most > buffer.bytes.length) {
      const size = length > MEASURED_FROM ? OVERHEAD + keySize + Buffer.byteLength(value) : most
      buffer.reserve(offset, size)
    }
    const expectedSize = length + key.excess
    if (keySize + 1 + expectedSize - SHORT_HEAD > MAX_ONE_BYTE) {
      return this.#placeLong(key, value, expectedSize, offset)
    }
    const { view } = buffer
    const valueLengthAt = (offset + keySize) | 0
    key.copyTo(view, offset)
    const end = writeText(buffer, value, (valueLengthAt + 1) | 0, key.isWide)
    const valueSize = (end - valueLengthAt - 1) | 0
    key.isWide = valueSize > length * 2
    const size = (keySize + 1 + valueSize - SHORT_HEAD) | 0
    if (size > MAX_ONE_BYTE) return this.#placeLong(key, value, valueSize, offset)
    view.setUint8((offset + 1) | 0, size)
    view.setUint8(valueLengthAt, valueSize)
    return end
  }

  /** Takes the value to have `expectedSize` bytes, and writes it again where its lengths need other room. */
  #placeLong(key: EncodedKey, value: string, expectedSize: number, offset: number): number {
    const { bytes, view } = this.#buffer
    const keySize = key.size - SHORT_HEAD
    const lengthSize = varintSize(keySize + varintSize(expectedSize) + expectedSize)
    key.copyTo(view, offset + lengthSize - 1)
    const valueLengthAt = offset + 1 + lengthSize + keySize
    const valueStart = valueLengthAt + varintSize(expectedSize)
    const end = writeText(this.#buffer, value, valueStart, key.isWide)
    const valueSize = end - valueStart
    key.excess = valueSize - value.length
    key.isWide = valueSize > value.length * 2
    const size = end - offset - 1 - lengthSize
    if (varintSize(valueSize) !== valueStart - valueLengthAt || varintSize(size) !== lengthSize) {
      return this.#placeLong(key, value, valueSize, offset)
    }
    bytes[offset] = tags.LOG_CONTENT
    writeVarint(bytes, size, offset + 1)
    writeVarint(bytes, valueSize, valueLengthAt)
    return end
  }
}
