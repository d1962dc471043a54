const SPACE = 1n << 128n

/** The hash key `numerator / 16` of the way through the hash space, 32 hex digits. */
export function sixteenths(numerator: number): string {
  return ((SPACE / 16n) * BigInt(numerator)).toString(16).padStart(32, '0')
}

export const FIRST_KEY = '0'.repeat(32)
export const LAST_KEY = 'f'.repeat(32)

/** The key right before another. */
export function before(key: string): string {
  return (BigInt(`0x${key}`) - 1n).toString(16).padStart(32, '0')
}
