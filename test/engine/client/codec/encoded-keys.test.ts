import assert from 'node:assert/strict'
import { EncodedKey, EncodedKeys } from '../../../../engine/client/codec/encoded-keys'

/** Keys that are reached from one by what followed last time. */
function reachedFrom(first: EncodedKey): number {
  const reached = new Set<EncodedKey>()
  for (let key = first; !reached.has(key); key = key.next) reached.add(key)
  return reached.size
}

describe('Encoded keys', () => {
  it('that are held hold no more of the others than are kept, however many there were', () => {
    const keys = new EncodedKeys()
    const held = new EncodedKey('')
    let previous = held
    let most = 0
    for (let number = 0; number < 5000; number++) {
      previous = keys.follow(previous, `key ${number}`)
      if (number % 100 === 0) most = Math.max(most, reachedFrom(held))
    }
    assert.ok(most > 500 && most <= 1025, `${most} keys`)
  })

  it('know what followed last time', () => {
    const keys = new EncodedKeys()
    const first = keys.get('a')
    const second = keys.follow(first, 'b')
    assert.equal(first.next, second)
    assert.equal(keys.get('b'), second)
    const other = keys.follow(first, 'c')
    assert.equal(first.next, other)
  })
})
