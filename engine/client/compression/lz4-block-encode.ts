/** Matches shorter than this cannot be written. */
const MIN_MATCH = 4
/** The format's end rules: the last match starts at least 12 bytes, and ends at least 5 bytes, before the end. */
const MATCH_START_LIMIT = 12
const LAST_LITERALS = 5
const MAX_OFFSET = 0xffff
const HASH_BITS = 14
/** After this many probes without a match (as a power of two) the search steps wider. */
const SKIP_TRIGGER = 6

const table = new Int32Array(1 << HASH_BITS)

/** Most bytes that a block of `size` raw bytes takes. */
export function lz4BlockBound(size: number): number {
  return size + Math.floor(size / 255) + 16
}

/**
 * Writes `raw` as one LZ4 block to `block`, which holds at least `lz4BlockBound(raw.length)` bytes.
 * Data that does not compress is stored as literals, which is a valid block too.
 * @returns the size of the block in bytes
 */
export function encodeLz4Block(raw: Buffer, block: Buffer): number {
  const matchStartLimit = raw.length - MATCH_START_LIMIT
  const matchEndLimit = raw.length - LAST_LITERALS
  let anchor = 0
  let out = 0
  let at = 0
  let probes = 1 << SKIP_TRIGGER
  table.fill(-1)
  while (at <= matchStartLimit) {
    const word = readWord(raw, at)
    const slot = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS)
    const candidate = table[slot] ?? -1
    table[slot] = at
    if (candidate < 0 || at - candidate > MAX_OFFSET || readWord(raw, candidate) !== word) {
      at += probes++ >>> SKIP_TRIGGER
      continue
    }
    probes = 1 << SKIP_TRIGGER
    let start = at
    let from = candidate
    while (start > anchor && from > 0 && raw[start - 1] === raw[from - 1]) {
      start--
      from--
    }
    let end = at + MIN_MATCH
    for (let source = candidate + MIN_MATCH; end < matchEndLimit && raw[end] === raw[source]; source++) end++
    out = writeLiterals(raw, anchor, start, block, out, Math.min(end - start - MIN_MATCH, 15))
    const offset = start - from
    block[out++] = offset & 0xff
    block[out++] = offset >>> 8
    if (end - start - MIN_MATCH >= 15) out = writeLength(end - start - MIN_MATCH - 15, block, out)
    anchor = end
    at = end
  }
  return writeLiterals(raw, anchor, raw.length, block, out, 0)
}

function writeLiterals(
  raw: Buffer,
  start: number,
  end: number,
  block: Buffer,
  offset: number,
  low: number
): number {
  const length = end - start
  let out = offset
  block[out++] = (Math.min(length, 15) << 4) | low
  if (length >= 15) out = writeLength(length - 15, block, out)
  raw.copy(block, out, start, end)
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

function readWord(buffer: Buffer, offset: number): number {
  return (
    (buffer[offset] ?? 0) |
    ((buffer[offset + 1] ?? 0) << 8) |
    ((buffer[offset + 2] ?? 0) << 16) |
    ((buffer[offset + 3] ?? 0) << 24)
  )
}
