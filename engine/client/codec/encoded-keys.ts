import * as tags from './tags'
import { varintSize, writeVarint } from './varint'

const MAX_KEYS = 4096
const MAX_KEY_LENGTH = 256

/**
 * Keys as they stand in a content, from the key's tag to the value's tag.
 * Logs repeat few keys, so each is encoded once. Hostile key sets cost time, never memory:
 * a full cache starts afresh and long keys are not kept.
 */
export class EncodedKeys {
  readonly #keys = new Map<string, Uint8Array>()

  get(key: string): Uint8Array {
    return this.#keys.get(key) ?? this.#add(key)
  }

  #add(key: string): Uint8Array {
    const encoded = encodeKey(key)
    if (key.length > MAX_KEY_LENGTH) return encoded
    if (this.#keys.size >= MAX_KEYS) this.#keys.clear()
    this.#keys.set(ownCopy(key, encoded), encoded)
    return encoded
  }
}

function encodeKey(key: string): Uint8Array {
  const length = Buffer.byteLength(key)
  const encoded = Buffer.allocUnsafeSlow(2 + varintSize(length) + length)
  encoded[0] = tags.PAIR_KEY
  const offset = writeVarint(encoded, length, 1)
  encoded.write(key, offset)
  encoded[encoded.length - 1] = tags.PAIR_VALUE
  return encoded
}

/** The same text without a link to a longer string that it may have been cut from. */
function ownCopy(key: string, encoded: Uint8Array): string {
  return encoded.length === key.length + 3
    ? Buffer.from(encoded.buffer, 2, key.length).toString('latin1')
    : Buffer.from(key, 'utf16le').toString('utf16le')
}
