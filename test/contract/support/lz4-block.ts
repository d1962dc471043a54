/** Literals alone: the simplest block that every decoder must take. */
export function literalLz4Block(raw: Buffer): Buffer {
  return Buffer.concat([sequenceHead(raw.length), raw])
}

function sequenceHead(literals: number): Buffer {
  if (literals < 15) return Buffer.from([literals << 4])
  const head = [0xf0]
  let rest = literals - 15
  for (; rest >= 255; rest -= 255) head.push(255)
  head.push(rest)
  return Buffer.from(head)
}

/** Throws unless the block holds exactly `rawSize` bytes. */
export function decodeLz4Block(block: Buffer, rawSize: number): Buffer {
  const raw = Buffer.alloc(rawSize)
  let from = 0
  let to = 0
  const length = (nibble: number): number => {
    let total = nibble
    let more = nibble === 15 ? 255 : 0
    while (more === 255) {
      more = block.readUInt8(from++)
      total += more
    }
    return total
  }
  while (from < block.length) {
    const token = block.readUInt8(from++)
    const literals = length(token >> 4)
    if (from + literals > block.length || to + literals > rawSize) throw new Error('LZ4: literals overrun')
    block.copy(raw, to, from, from + literals)
    from += literals
    to += literals
    if (from === block.length) break
    const offset = block.readUInt16LE(from)
    from += 2
    const matched = length(token & 15) + 4
    if (offset === 0 || offset > to || to + matched > rawSize) throw new Error('LZ4: match out of range')
    for (const end = to + matched; to < end; to++) raw[to] = raw[to - offset] ?? 0
  }
  if (to !== rawSize) throw new Error(`LZ4: ${to} bytes instead of ${rawSize}`)
  return raw
}
