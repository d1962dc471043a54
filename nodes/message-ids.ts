import { randomBytes } from 'node:crypto'

/** Ids that share their first digits. */
const idsInRow = 256
const lastDigits = Array.from({ length: idsInRow }, (_, number) => number.toString(16).padStart(2, '0'))

let firstDigits = ''
let used = idsInRow

/**
 * A `_msgid` as Node-RED gives it, 16 hex digits, at a tenth of the cost: a message that has one keeps it. All but the
 * last two digits are random and shared by 256 ids in a row.
 */
export function nextMessageId(): string {
  if (used === idsInRow) {
    firstDigits = randomBytes(7).toString('hex')
    used = 0
  }
  return firstDigits + lastDigits[used++]
}
