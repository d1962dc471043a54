import { createHash } from 'node:crypto'
import { SlsError } from '../client/errors'

const HASH_KEY = /^[0-9a-fA-F]{32}$/
const DIGITS = 32
const MAX_BUCKETS = 512

/** The hash key of a text: MD5 of its UTF-8 bytes, 32 lower-case hex digits. */
export function md5HashKey(text: string): string {
  return createHash('md5').update(text, 'utf8').digest('hex')
}

/**
 * Rounds a hash key down to one of `buckets` evenly spaced keys, so that no more than `buckets` batches are open at
 * a time: keeps the first log2(buckets) bits, as the Java producer does.
 * @param hashKey 32 hex digits
 * @param buckets a power of two, 1..512
 * @throws SlsError `InvalidOption`, field `hashKey` or `buckets`
 */
export function adjustHashKey(hashKey: string, buckets: number): string {
  const key = assertHashKey(hashKey)
  if (!isBucketCount(buckets)) {
    throw new SlsError('InvalidOption', `buckets must be a power of two from 1 to ${MAX_BUCKETS}`, {
      field: 'buckets'
    })
  }
  const droppedBits = 12 - Math.log2(buckets)
  const leading = (Number.parseInt(key.slice(0, 3), 16) >>> droppedBits) << droppedBits
  return leading.toString(16).padStart(3, '0').padEnd(DIGITS, '0')
}

/** True for a power of two, 1..512. */
export function isBucketCount(buckets: number): boolean {
  return (
    Number.isInteger(buckets) && buckets >= 1 && buckets <= MAX_BUCKETS && (buckets & (buckets - 1)) === 0
  )
}

/**
 * The hash key in lower case.
 * @throws SlsError `InvalidOption`, field `hashKey`, unless it is 32 hex digits
 */
export function assertHashKey(text: string): string {
  if (!HASH_KEY.test(text)) {
    throw new SlsError('InvalidOption', `a hash key is 32 hexadecimal digits, not ${JSON.stringify(text)}`, {
      field: 'hashKey'
    })
  }
  return text.toLowerCase()
}
