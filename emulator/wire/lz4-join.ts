/**
 * What of an LZ4 block changes when it is joined with others: the literals at its start and at its end. The
 * sequences between are copied as they are, since they refer to nothing but what stands before them in the block.
 */
export interface Lz4Ends {
  /** Literals of the first sequence. */
  readonly first: Literals
  /** The rest of the first sequence's token: how long its match is. */
  readonly firstMatch: number
  /** From the first sequence's match to the token of the last sequence; empty where one sequence is all. */
  readonly middle: readonly [start: number, end: number]
  /** Literals of the last sequence, which has no match; undefined where the first is the last. */
  readonly last: Literals | undefined
}

type Literals = readonly [start: number, end: number]

/** Bytes that stand before a block, and the block. */
export interface Lz4Part {
  readonly prefix: Buffer
  readonly block: Buffer
  readonly ends: Lz4Ends
}

const LONG = 15
const OFFSET_SIZE = 2

/** Finds the ends of a block; undefined where it does not end with literals, as the format wants it. */
export function findEnds(block: Buffer): Lz4Ends | undefined {
  const size = block.length
  let at = 0
  let start: { first: Literals; match: number; after: number } | undefined
  while (at < size) {
    const tokenAt = at
    const token = block[at++] ?? 0
    let length = token >>> 4
    for (let more = length === LONG ? 255 : 0; more === 255; length += more) more = block[at++] ?? 0
    const literals: Literals = [at, at + length]
    at += length
    if (at === size) {
      return start === undefined
        ? { first: literals, firstMatch: 0, middle: [size, size], last: undefined }
        : { first: start.first, firstMatch: start.match, middle: [start.after, tokenAt], last: literals }
    }
    start ??= { first: literals, match: token & LONG, after: at }
    at += OFFSET_SIZE
    if ((token & LONG) === LONG) while (block[at++] === 255);
  }
  return undefined
}

/** One block of all parts, one after the other: what it holds is each prefix and each block's bytes, in order. */
export function joinBlocks(parts: readonly Lz4Part[]): Buffer {
  const writer = new JoinWriter(parts.reduce((sum, part) => sum + roomFor(part), ROOM_FOR_END))
  for (const { prefix, block, ends } of parts) {
    writer.literals(prefix, 0, prefix.length)
    writer.literals(block, ...ends.first)
    if (ends.last === undefined) continue
    writer.match(ends.firstMatch, block, ...ends.middle)
    writer.literals(block, ...ends.last)
  }
  return writer.end()
}

const ROOM_FOR_END = 8

/** Bytes that a part can take: the lengths of joined literals take at most two bytes more than each alone. */
function roomFor({ prefix, block }: Lz4Part): number {
  return block.length + prefix.length + Math.ceil(prefix.length / 255) + 3
}

interface Piece {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

class JoinWriter {
  readonly #out: Buffer
  #at = 0
  /** Literals of the sequence that is not written yet. */
  #pieces: Piece[] = []

  constructor(room: number) {
    this.#out = Buffer.allocUnsafeSlow(room)
  }

  literals(bytes: Buffer, start: number, end: number): void {
    if (end > start) this.#pieces.push({ bytes, start, end })
  }

  /** Ends the sequence with a match, whose length has these lower bits, and copies what follows. */
  match(lengthBits: number, bytes: Buffer, start: number, end: number): void {
    this.#sequence(lengthBits)
    this.#at += bytes.copy(this.#out, this.#at, start, end)
  }

  end(): Buffer {
    this.#sequence(0)
    return this.#out.subarray(0, this.#at)
  }

  #sequence(lengthBits: number): void {
    const length = this.#pieces.reduce((sum, { start, end }) => sum + end - start, 0)
    this.#out[this.#at++] = (Math.min(length, LONG) << 4) | lengthBits
    if (length >= LONG) {
      let rest = length - LONG
      for (; rest >= 255; rest -= 255) this.#out[this.#at++] = 255
      this.#out[this.#at++] = rest
    }
    for (const { bytes, start, end } of this.#pieces) this.#at += bytes.copy(this.#out, this.#at, start, end)
    this.#pieces = []
  }
}
