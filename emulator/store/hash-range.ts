/** The hash space is [0, 2^128); the service writes its upper bound as 32 times `f`. */
export const HASH_SPACE = 1n << 128n
const LAST_END_KEY = 'f'.repeat(32)

/** Half-open range of MD5 hash keys; the last key of all, 32 times `f`, belongs to the last range. */
export interface HashRange {
  readonly begin: bigint
  readonly end: bigint
}

export const WHOLE_SPACE: HashRange = { begin: 0n, end: HASH_SPACE }

export function beginKey(range: HashRange): string {
  return hex(range.begin)
}

export function endKey(range: HashRange): string {
  return range.end === HASH_SPACE ? LAST_END_KEY : hex(range.end)
}

/** The end of a range as it is written, below which a split key must lie. */
export function lastKey({ end }: HashRange): bigint {
  return end === HASH_SPACE ? HASH_SPACE - 1n : end
}

/** Divides a range into `parts` neighbours of equal width, as far as integers allow. */
export function divideRange({ begin, end }: HashRange, parts: number): HashRange[] {
  const edge = (i: number) => begin + ((end - begin) * BigInt(i)) / BigInt(parts)
  return Array.from({ length: parts }, (_, i) => ({ begin: edge(i), end: edge(i + 1) }))
}

/** A hash key, or its first digits (`5F` stands for `5f00...`); undefined where it is not hexadecimal. */
export function parseHashKey(text: string): bigint | undefined {
  return /^[0-9a-fA-F]{1,32}$/.test(text) ? BigInt(`0x${text.padEnd(32, '0')}`) : undefined
}

function hex(value: bigint): string {
  return value.toString(16).padStart(32, '0')
}
