const MIN_MATCH = 4

/**
 * Decodes one LZ4 block that must fill `raw` exactly.
 * @returns false when the block is damaged: cut off, too long or too short for `raw`, or with a match from before the start
 */
export function decodeLz4Block(block: Buffer, raw: Buffer): boolean {
  const blockEnd = block.length
  const rawEnd = raw.length
  let at = 0
  let out = 0
  while (at < blockEnd) {
    const token = block[at++] ?? 0
    let literals = token >>> 4
    if (literals === 15) {
      let byte = 255
      while (byte === 255) {
        if (at >= blockEnd) return false
        byte = block[at++] ?? 0
        literals += byte
      }
    }
    if (literals > blockEnd - at || literals > rawEnd - out) return false
    block.copy(raw, out, at, at + literals)
    at += literals
    out += literals
    if (at === blockEnd) return out === rawEnd
    if (blockEnd - at < 2) return false
    const offset = (block[at] ?? 0) | ((block[at + 1] ?? 0) << 8)
    at += 2
    if (offset === 0 || offset > out) return false
    let length = (token & 15) + MIN_MATCH
    if (length === 15 + MIN_MATCH) {
      let byte = 255
      while (byte === 255) {
        if (at >= blockEnd) return false
        byte = block[at++] ?? 0
        length += byte
      }
    }
    if (length > rawEnd - out) return false
    for (let end = out + length; out < end; out++) raw[out] = raw[out - offset] ?? 0
  }
  return false
}
