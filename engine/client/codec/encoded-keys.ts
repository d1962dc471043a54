import * as tags from './tags'
import { varintSize, writeVarint } from './varint'

const MAX_KEYS = 1024
const MAX_KEY_LENGTH = 256
/** The shortest key, an empty one, has 3 bytes; 4 words are written. */
export const KEY_SPILL = 13

/** A key as it stands in a content, from its own tag to the value's tag. */
export class EncodedKey {
  /** Bytes. */
  readonly size: number
  /** The bytes in words of 4, little endian, filled up with zeros. Most keys fit into the first four. */
  readonly #word0: number
  readonly #word1: number
  readonly #word2: number
  readonly #word3: number
  readonly #more: Int32Array

  constructor(key: string) {
    const length = Buffer.byteLength(key)
    const encoded = Buffer.alloc((2 + varintSize(length) + length + 3) & ~3)
    encoded[0] = tags.PAIR_KEY
    const keyStart = writeVarint(encoded, length, 1)
    encoded.write(key, keyStart)
    encoded[keyStart + length] = tags.PAIR_VALUE
    this.size = keyStart + length + 1
    const words = Int32Array.from({ length: encoded.length / 4 }, (_, index) =>
      encoded.readInt32LE(index * 4)
    )
    const [word0 = 0, word1 = 0, word2 = 0, word3 = 0] = words
    this.#word0 = word0
    this.#word1 = word1
    this.#word2 = word2
    this.#word3 = word3
    this.#more = words.subarray(4)
  }

  /** Writes the key at `offset`, and up to `KEY_SPILL` bytes of zeros behind it. */
  copyTo(view: DataView, offset: number): void {
    view.setInt32(offset, this.#word0, true)
    view.setInt32(offset + 4, this.#word1, true)
    view.setInt32(offset + 8, this.#word2, true)
    view.setInt32(offset + 12, this.#word3, true)
    const more = this.#more
    for (let index = 0; index < more.length; index++) {
      view.setInt32(offset + 16 + index * 4, more[index] ?? 0, true)
    }
  }
}

/**
 * Logs repeat few keys, so each is encoded once. Hostile key sets cost time, never memory: a full cache starts afresh
 * and long keys are not kept.
 */
export class EncodedKeys {
  readonly #keys = new Map<string, EncodedKey>()

  get(key: string): EncodedKey {
    return this.#keys.get(key) ?? this.#add(key)
  }

  #add(key: string): EncodedKey {
    const encoded = new EncodedKey(key)
    if (key.length > MAX_KEY_LENGTH) return encoded
    if (this.#keys.size >= MAX_KEYS) this.#keys.clear()
    this.#keys.set(ownCopy(key), encoded)
    return encoded
  }
}

/** The same text without a link to a longer string that it may have been cut from. */
function ownCopy(text: string): string {
  return text.length === Buffer.byteLength(text)
    ? Buffer.from(text, 'latin1').toString('latin1')
    : Buffer.from(text, 'utf16le').toString('utf16le')
}
