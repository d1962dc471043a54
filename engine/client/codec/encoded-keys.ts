import * as tags from './tags'
import { varintSize, writeVarint } from './varint'

const MAX_KEYS = 1024
const MAX_KEY_LENGTH = 256
/** Bytes of a key that are written always: most have no more. */
const FIRST_BYTES = 16
/** Bytes that are written in words of 8. */
const LONG_WORDS_BYTES = 24
/** The content of the shortest key, an empty one, has 5 bytes before its value's length. */
export const KEY_SPILL = FIRST_BYTES - 5
/** What fills words up. Zeros would make numbers of them that some processors are slow with. */
const FILLER = 0x20

/** A key and what stands around it in a content: all before the value's length, of the content's own length one byte. */
export class EncodedKey {
  readonly key: string
  /** Bytes. */
  readonly size: number = 0
  /** Bytes that the last value of more than one byte's length had beyond one a UTF-16 unit. */
  excess = 0
  /** Whether most of the last value was not ASCII. */
  isWide = false
  /** The key that followed last time. */
  next: EncodedKey = this
  /**
   * The first bytes as floating point numbers, which are copied in half as many steps as whole numbers. They never are
   * NaN, whose bits may change: that begins with 0x7f or 0xff, and 0xf0 or more next to it, which no UTF-8 has.
   */
  readonly #first: number = 0.5
  readonly #second: number = 0.5
  readonly #third: number = 0.5
  /** Those behind them in words of 4, little endian. */
  readonly #more: Int32Array

  constructor(key: string) {
    this.key = key
    const length = Buffer.byteLength(key)
    this.size = 3 + varintSize(length) + length + 1
    const encoded = Buffer.alloc(Math.max(LONG_WORDS_BYTES, (this.size + 3) & ~3), FILLER)
    encoded[0] = tags.LOG_CONTENT
    encoded[2] = tags.PAIR_KEY
    const keyStart = writeVarint(encoded, length, 3)
    encoded.write(key, keyStart)
    encoded[keyStart + length] = tags.PAIR_VALUE
    this.#first = encoded.readDoubleLE(0)
    this.#second = encoded.readDoubleLE(8)
    this.#third = encoded.readDoubleLE(16)
    this.#more = Int32Array.from({ length: (encoded.length - LONG_WORDS_BYTES) / 4 }, (_, index) =>
      encoded.readInt32LE(LONG_WORDS_BYTES + index * 4)
    )
  }

  /** Writes the bytes at `offset`, and up to `KEY_SPILL` bytes behind them. */
  copyTo(view: DataView, offset: number): void {
    view.setFloat64(offset, this.#first, true)
    view.setFloat64(offset + 8, this.#second, true)
    if (this.size > FIRST_BYTES) this.#copyMore(view, offset)
  }

  #copyMore(view: DataView, offset: number): void {
    view.setFloat64(offset + 16, this.#third, true)
    const more = this.#more
    for (let index = 0; index < more.length; index++) {
      view.setInt32(offset + LONG_WORDS_BYTES + index * 4, more[index] ?? 0, true)
    }
  }
}

/**
 * Logs repeat few keys, so each is encoded once. Hostile key sets cost time, never memory: a full cache starts afresh
 * and long keys are not kept.
 */
export class EncodedKeys {
  readonly #keys = new Map<string, EncodedKey>()

  /** The key after `previous`, which expects it there the next time. */
  follow(previous: EncodedKey | undefined, key: string): EncodedKey {
    const encoded = this.get(key)
    if (previous !== undefined && key.length <= MAX_KEY_LENGTH) previous.next = encoded
    return encoded
  }

  get(key: string): EncodedKey {
    return this.#keys.get(key) ?? this.#add(key)
  }

  #add(key: string): EncodedKey {
    if (key.length > MAX_KEY_LENGTH) return new EncodedKey(key)
    const encoded = new EncodedKey(asFieldName(key))
    if (this.#keys.size >= MAX_KEYS) this.#startAfresh()
    this.#keys.set(encoded.key, encoded)
    return encoded
  }

  /** Whoever still holds a key of those left behind must not hold all that followed it ever since. */
  #startAfresh(): void {
    for (const left of this.#keys.values()) left.next = left
    this.#keys.clear()
  }
}

/**
 * The same text as the names of fields are: without a link to a longer string that it may have been cut from, and
 * compared with another name by identity.
 */
function asFieldName(text: string): string {
  return Object.keys({ [text]: 0 })[0] as string
}
