import { invalidCursor } from '../service-error'

const LARGEST = (1n << 63n) - 1n

/** Base64 (padding optional) of a decimal int64; 400 `InvalidCursor` for anything else. */
export function parseCursor(text: string): bigint {
  const digits = /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64').toString('latin1') : ''
  const position = /^\d{1,19}$/.test(digits) ? BigInt(digits) : -1n
  if (position < 0n || position > LARGEST) throw invalidCursor(text)
  return position
}

export function formatCursor(position: bigint): string {
  return Buffer.from(position.toString(), 'latin1').toString('base64')
}
