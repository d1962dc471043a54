import { SlsError } from '../client/errors'

/** The longest wait that a timer keeps, ms: 24 days. */
export const longestTimer = 2_147_483_647

/** @throws SlsError `InvalidOption` unless it is a whole number within the bounds, both included */
export function whole(field: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  throw invalid(field, `${field} must be a whole number from ${least} to ${most}`)
}

export function invalid(field: string, message: string): SlsError {
  return new SlsError('InvalidOption', message, { field })
}
