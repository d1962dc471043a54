import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decodeCursor, encodeCursor } from '../../../engine/client/cursor'
import { runs } from '../../support/counts'
import { vectorCases } from '../../support/vectors'

const LARGEST = 2n ** 63n - 1n

describe('cursor', () => {
  for (const { cursor, decoded, previousCursor } of vectorCases<{
    cursor: string
    decoded: string
    previousCursor: string
  }>('cursors')) {
    it(`${cursor} is position ${decoded}`, () => {
      assert.equal(decodeCursor(cursor), BigInt(decoded))
      assert.equal(encodeCursor(BigInt(decoded)), cursor)
      assert.equal(encodeCursor(decodeCursor(cursor) - 1n), previousCursor)
    })
  }

  it('of any position is read back, with padding and without', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: LARGEST }), (position) => {
        const cursor = encodeCursor(position)
        assert.equal(decodeCursor(cursor), position)
        assert.equal(decodeCursor(cursor.replace(/=+$/, '')), position)
      }),
      { numRuns: runs(200, 10_000) }
    )
  })

  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const refused: [name: string, cursor: string][] = [
    ['empty text', ''],
    ['text that is not base64', 'M Q=='],
    ['the URL alphabet', 'MTQ0NzI5-_=='],
    ['padding that is too long', 'MQ==='],
    ['padding in the middle', 'MQ==MQ=='],
    ['stray bits behind the last digit', 'MR=='],
    ['a line end', 'MQ==\n'],
    ['letters', base64('12a')],
    ['a sign', base64('-1')],
    ['a fraction', base64('1.5')],
    ['spaces', base64(' 1')],
    ['hexadecimal digits', base64('0x10')],
    ['more than an int64', base64(String(LARGEST + 1n))],
    ['very many digits', base64('1'.repeat(1_000_000))]
  ]
  for (const [name, cursor] of refused) {
    it(`is not ${name}`, () => {
      assert.throws(() => decodeCursor(cursor), { code: 'InvalidCursor' })
    })
  }

  it('has no position below 0 or above the largest int64', () => {
    assert.throws(() => encodeCursor(-1n), { code: 'InvalidCursor' })
    assert.throws(() => encodeCursor(LARGEST + 1n), { code: 'InvalidCursor' })
  })
})
