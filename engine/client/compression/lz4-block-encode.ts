import { copyBytes } from './copy-bytes'

/** Matches shorter than this cannot be written. */
const MIN_MATCH = 4
/** The format's end rules: the last match starts at least 12 bytes, and ends at least 5 bytes, before the end. */
const MATCH_START_LIMIT = 12
const LAST_LITERALS = 5
const MAX_DISTANCE = 0xffff
/** A length of 15 in the token goes on in the bytes that follow. */
const LENGTH_GOES_ON = 15
const HASH_BITS = 14
const HASH_FACTOR = 0x9e37_79b1 | 0
/** After 2 to this power of probes without a match the search steps wider by one byte. */
const PATIENCE = 6

/** Where a word with a hash was last seen; shared by all calls, as each runs to its end before another begins. */
const lastSeen = new Int32Array(1 << HASH_BITS)

/** Most bytes that a block of `size` raw bytes takes. */
export function lz4BlockBound(size: number): number {
  return size + Math.floor(size / 255) + 16
}

/**
 * Writes `raw` as one LZ4 block to `block`, which has at least `lz4BlockBound(raw.length)` bytes.
 * Data that does not compress is stored as literals, which is a valid block too.
 * @returns the size of the block in bytes
 */
export function encodeLz4Block(raw: Buffer, block: Buffer): number {
  const words = new DataView(raw.buffer, raw.byteOffset, raw.length)
  const matchStartLimit = raw.length - MATCH_START_LIMIT
  const matchEndLimit = raw.length - LAST_LITERALS
  let anchor = 0
  let out = 0
  let at = 0
  let probes = 1 << PATIENCE
  lastSeen.fill(-1)
  while (at <= matchStartLimit) {
    const word = words.getInt32(at, true)
    const slot = Math.imul(word, HASH_FACTOR) >>> (32 - HASH_BITS)
    const candidate = lastSeen[slot] ?? -1
    lastSeen[slot] = at
    if (candidate < 0 || at - candidate > MAX_DISTANCE || words.getInt32(candidate, true) !== word) {
      at += probes++ >>> PATIENCE
      continue
    }
    probes = 1 << PATIENCE
    const distance = at - candidate
    const start = matchStart(raw, at, distance, anchor)
    const end = matchEnd(words, at + MIN_MATCH, distance, matchEndLimit)
    const length = end - start - MIN_MATCH
    out = writeLiterals(raw, anchor, start, block, out, Math.min(length, LENGTH_GOES_ON))
    block[out++] = distance & 0xff
    block[out++] = distance >>> 8
    if (length >= LENGTH_GOES_ON) out = writeLength(length - LENGTH_GOES_ON, block, out)
    anchor = end
    at = end
  }
  return writeLiterals(raw, anchor, raw.length, block, out, 0)
}

/** How far a match at `at` reaches back, not before `limit`. */
function matchStart(raw: Buffer, at: number, distance: number, limit: number): number {
  const least = Math.max(limit, distance)
  let start = at
  while (start > least && raw[start - 1] === raw[start - 1 - distance]) start--
  return start
}

/** How far a match that holds up to `at` reaches, not beyond `limit`. */
function matchEnd(words: DataView, at: number, distance: number, limit: number): number {
  let end = at
  while (end + 4 <= limit) {
    const difference = words.getInt32(end, true) ^ words.getInt32(end - distance, true)
    if (difference !== 0) return end + ((31 - Math.clz32(difference & -difference)) >>> 3)
    end += 4
  }
  while (end < limit && words.getUint8(end) === words.getUint8(end - distance)) end++
  return end
}

function writeLiterals(
  raw: Buffer,
  start: number,
  end: number,
  block: Buffer,
  offset: number,
  matchLength: number
): number {
  const length = end - start
  let out = offset
  block[out++] = (Math.min(length, LENGTH_GOES_ON) << 4) | matchLength
  if (length >= LENGTH_GOES_ON) out = writeLength(length - LENGTH_GOES_ON, block, out)
  copyBytes(raw, start, block, out, length)
  return out + length
}

function writeLength(length: number, block: Buffer, offset: number): number {
  let rest = length
  let out = offset
  while (rest >= 255) {
    block[out++] = 255
    rest -= 255
  }
  block[out++] = rest
  return out
}
