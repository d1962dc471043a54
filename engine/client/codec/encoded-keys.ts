import * as tags from './tags'
import { varintSize, writeVarint } from './varint'

const MAX_KEYS = 1024
const MAX_KEY_LENGTH = 256

/** A key as it stands in a content, from its own tag to the value's tag. */
export class EncodedKey {
  /** Bytes. */
  readonly size: number
  /** The bytes in words of 4, little endian, filled up with zeros. */
  readonly #words: Int32Array

  constructor(key: string) {
    const length = Buffer.byteLength(key)
    const encoded = Buffer.alloc((2 + varintSize(length) + length + 3) & ~3)
    encoded[0] = tags.PAIR_KEY
    const keyStart = writeVarint(encoded, length, 1)
    encoded.write(key, keyStart)
    encoded[keyStart + length] = tags.PAIR_VALUE
    this.size = keyStart + length + 1
    this.#words = Int32Array.from({ length: encoded.length / 4 }, (_, index) =>
      encoded.readInt32LE(index * 4)
    )
  }

  /** Writes the key at `offset`, and up to 3 zeros behind it. */
  copyTo(view: DataView, offset: number): void {
    const words = this.#words
    for (let index = 0; index < words.length; index++) {
      view.setInt32(offset + index * 4, words[index] ?? 0, true)
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
