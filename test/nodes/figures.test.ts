import assert from 'node:assert/strict'
import { size } from '../../nodes/figures'

describe('Figures of the status', () => {
  it('tell bytes in the unit that says enough, and nothing as nothing', () => {
    const sizes = [0, 1, 12_345, 99_999, 100_000, 3_100_000, 250_000_000]
    assert.deepEqual(sizes.map(size), ['0 kB', '1 kB', '13 kB', '100 kB', '0.1 MB', '3.1 MB', '250 MB'])
  })
})
