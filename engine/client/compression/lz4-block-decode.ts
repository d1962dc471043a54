import { copyBytes, repeatBytes } from './copy-bytes'

const MIN_MATCH = 4
/** A length of 15 in the token goes on in the bytes that follow, each of 255 with another one. */
const LENGTH_GOES_ON = 15

/**
 * Decodes one LZ4 block that must fill `raw` exactly.
 * @returns false when the block is damaged: cut off, too long or too short for `raw`, or with a match from before the
 *   start; `raw` then holds anything
 */
export function decodeLz4Block(block: Buffer, raw: Buffer): boolean {
  const blockEnd = block.length
  const rawEnd = raw.length
  let at = 0
  let out = 0
  while (at < blockEnd) {
    const token = block[at++] ?? 0
    let literals = token >>> 4
    if (literals === LENGTH_GOES_ON) {
      let byte = 255
      while (byte === 255) {
        if (at >= blockEnd) return false
        byte = block[at++] ?? 0
        literals += byte
      }
    }
    if (literals > blockEnd - at || literals > rawEnd - out) return false
    copyBytes(block, at, raw, out, literals)
    at += literals
    out += literals
    if (at === blockEnd) return out === rawEnd
    if (blockEnd - at < 2) return false
    const distance = (block[at] ?? 0) | ((block[at + 1] ?? 0) << 8)
    at += 2
    if (distance === 0 || distance > out) return false
    let length = (token & LENGTH_GOES_ON) + MIN_MATCH
    if (length === LENGTH_GOES_ON + MIN_MATCH) {
      let byte = 255
      while (byte === 255) {
        if (at >= blockEnd) return false
        byte = block[at++] ?? 0
        length += byte
      }
    }
    if (length > rawEnd - out) return false
    repeatBytes(raw, out, distance, length)
    out += length
  }
  return false
}
