import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type BatchFrame, batchKey } from '../../../engine/sink/batch-key'
import { runs } from '../../support/counts'

const frame = (parts: Partial<BatchFrame>): BatchFrame => ({
  logstore: 'access',
  topic: '',
  source: '',
  tags: [],
  hashKey: undefined,
  ...parts
})

describe('Batch key', () => {
  it('keeps names apart whose parts run into each other', () => {
    const pairs: [Partial<BatchFrame>, Partial<BatchFrame>][] = [
      [
        { topic: 'a|b', source: 'c' },
        { topic: 'a', source: 'b|c' }
      ],
      [
        { topic: 'a|', source: 'c' },
        { topic: 'a', source: '|c' }
      ],
      [
        { topic: 'ab', source: '' },
        { topic: 'a', source: 'b' }
      ],
      [{ tags: [['a', 'b']] }, { tags: [['ab', '']] }],
      [{ topic: '1:a' }, { topic: '1', source: 'a' }]
    ]
    for (const [one, other] of pairs) assert.notEqual(batchKey(frame(one)), batchKey(frame(other)))
  })

  it('is equal for equal frames and for no others', () => {
    const part = fc.stringMatching(/^[ab|:1]{0,3}$/)
    const frames = fc.record({
      logstore: part,
      topic: part,
      source: part,
      tags: fc.array(fc.tuple(part, part), { maxLength: 2 }),
      hashKey: fc.constantFrom(undefined, '0'.repeat(32), 'f'.repeat(32))
    })
    fc.assert(
      fc.property(frames, frames, (one, other) => {
        const equal = JSON.stringify(one) === JSON.stringify(other)
        assert.equal(batchKey(one) === batchKey(other), equal)
        assert.equal(batchKey(one), batchKey(structuredClone(one)))
      }),
      { numRuns: runs(500, 20_000) }
    )
  })
})
