import assert from 'node:assert/strict'
import fc from 'fast-check'
import { adjustHashKey, assertHashKey, md5HashKey } from '../../../engine/sink/hash-key'
import { runs } from '../../support/counts'
import { vectorCases } from '../../support/vectors'

const hashKey = fc
  .bigInt({ min: 0n, max: 2n ** 128n - 1n })
  .map((value) => value.toString(16).padStart(32, '0'))

describe('hash key', () => {
  for (const { key, md5, adjustedByBuckets } of vectorCases<{
    key: string
    md5: string
    adjustedByBuckets: Record<string, string>
  }>('shard-hash')) {
    it(`of ${JSON.stringify(key)} is the one that the Java and Go producers use, in every number of buckets`, () => {
      assert.equal(md5HashKey(key), md5)
      assert.equal(Object.keys(adjustedByBuckets).length, 10)
      for (const [buckets, adjusted] of Object.entries(adjustedByBuckets)) {
        assert.equal(adjustHashKey(md5, Number(buckets)), adjusted)
      }
    })
  }

  it('is rounded down to a multiple of the size of a bucket', () => {
    fc.assert(
      fc.property(hashKey, fc.integer({ min: 0, max: 9 }), (key, bits) => {
        const size = 2n ** BigInt(128 - bits)
        const expected = (BigInt(`0x${key}`) / size) * size
        assert.equal(BigInt(`0x${adjustHashKey(key, 2 ** bits)}`), expected)
      }),
      { numRuns: runs(200, 10_000) }
    )
  })

  it('is taken in either case and written in lower case', () => {
    const key = 'F528764D624DB129B32C21FBCA0CB8D6'
    assert.equal(assertHashKey(key), key.toLowerCase())
    assert.equal(adjustHashKey(key, 64), `f4${'0'.repeat(30)}`)
  })

  it('is 32 hexadecimal digits', () => {
    for (const text of [
      '',
      'f',
      'g'.repeat(32),
      'f'.repeat(31),
      'f'.repeat(33),
      `${'f'.repeat(32)}\n`,
      ` ${'f'.repeat(31)}`
    ]) {
      assert.throws(() => assertHashKey(text), { code: 'InvalidOption', field: 'hashKey' })
      assert.throws(() => adjustHashKey(text, 64), { code: 'InvalidOption', field: 'hashKey' })
    }
  })

  it('goes to a number of buckets that is a power of two, 1 to 512', () => {
    for (const buckets of [0, -1, 3, 63, 1024, 1.5, Number.NaN, 2 ** 33]) {
      assert.throws(() => adjustHashKey('f'.repeat(32), buckets), { code: 'InvalidOption', field: 'buckets' })
    }
  })
})
