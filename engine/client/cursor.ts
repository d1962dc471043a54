import { SlsError } from './errors'

const LARGEST = 0x7fff_ffff_ffff_ffffn
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/
const DECIMAL = /^\d{1,19}$/

/**
 * The position that a cursor stands for: base64 of a decimal int64, in which each log group of a shard takes the
 * next integer, as the service's SDKs decode it. Padding may be missing, as in the service's documentation.
 * @throws SlsError `InvalidCursor` when the text is anything else
 */
export function decodeCursor(cursor: string): bigint {
  if (typeof cursor === 'string' && BASE64.test(cursor)) {
    const digits = Buffer.from(cursor, 'base64').toString('latin1')
    if (DECIMAL.test(digits)) {
      const position = BigInt(digits)
      if (position <= LARGEST && samePosition(cursor, digits)) return position
    }
  }
  const told =
    typeof cursor === 'string' ? JSON.stringify(cursor.slice(0, 64)) : `a value of type ${typeof cursor}`
  throw new SlsError('InvalidCursor', `not a cursor: ${told}`, { field: 'cursor' })
}

/**
 * The cursor of a position, 0..2^63-1, padded.
 * @throws SlsError `InvalidCursor` when the position is outside
 */
export function encodeCursor(position: bigint): string {
  if (typeof position !== 'bigint' || position < 0n || position > LARGEST) {
    const told = typeof position === 'bigint' ? String(position) : `a value of type ${typeof position}`
    throw new SlsError('InvalidCursor', `a cursor's position is a bigint of 0 to ${LARGEST}, not ${told}`, {
      field: 'position'
    })
  }
  return Buffer.from(position.toString(), 'latin1').toString('base64')
}

/** Refuses what Node's lenient base64 decoder reads over: stray bits, padding of the wrong length. */
function samePosition(cursor: string, digits: string): boolean {
  const padded = Buffer.from(digits, 'latin1').toString('base64')
  return cursor === padded || cursor === padded.replace(/=+$/, '')
}
