import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { findEnds, joinBlocks } from '../../emulator/wire/lz4-join'
import { decompress } from '../../engine/client/compression/compression'
import { type Lz4Implementation, lz4, selectLz4 } from '../../engine/client/compression/lz4'
import { runs } from '../support/counts'

interface Part {
  prefix: Buffer
  raw: Buffer
  implementation: Lz4Implementation
}

describe('joined LZ4 blocks', function () {
  this.timeout(runs(20_000, 600_000))
  const chosen = lz4().implementation
  afterEach(() => {
    selectLz4(chosen)
  })

  function blockOf({ raw, implementation }: Part): Buffer {
    selectLz4(implementation)
    const block = Buffer.alloc(lz4().bound(raw.length))
    return block.subarray(0, lz4().encode(raw, block))
  }

  /** Text that repeats itself at many distances, between bytes that do not. */
  const raw = fc
    .array(
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
        fc
          .tuple(fc.constantFrom('a', 'status=200 ', '/api/v1/devices/'), fc.nat(600))
          .map(([text, times]) => Buffer.from(text.repeat(times))),
        fc.nat(2000).map((size) => Buffer.from(Array.from({ length: size }, (_, i) => (i * i * 31) % 251)))
      ),
      { maxLength: 8 }
    )
    .map((pieces) => Buffer.concat(pieces))
  const implementation = fc.constantFrom<Lz4Implementation>('native', 'typescript')
  const prefix = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
  const part: fc.Arbitrary<Part> = fc.record({ prefix, raw, implementation })

  it('hold each prefix and each block’s bytes, for every decoder', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 6 }), async (parts) => {
        const expected = Buffer.concat(parts.flatMap(({ prefix: before, raw: bytes }) => [before, bytes]))
        const joined = joinBlocks(
          parts.map((each) => {
            const block = blockOf(each)
            const ends = findEnds(block)
            assert.ok(ends !== undefined)
            return { prefix: each.prefix, block, ends }
          })
        )
        for (const decoder of ['native', 'typescript'] as const) {
          selectLz4(decoder)
          assert.ok((await decompress('lz4', joined, expected.length)).equals(expected), decoder)
        }
      }),
      { numRuns: runs(150, 5000) }
    )
  })

  it('are made of any valid block', async () => {
    const { cases } = JSON.parse(
      readFileSync(path.resolve('test/fixtures/vectors/lz4-blocks.json'), 'utf8')
    ) as {
      cases: { blockHex: string; expected: { rawHex: string } }[]
    }
    const parts = cases.flatMap(({ blockHex, expected }) => {
      const block = Buffer.from(blockHex, 'hex')
      const ends = findEnds(block)
      return ends === undefined ? [] : [{ prefix: Buffer.from('-'), block, ends, raw: expected.rawHex }]
    })
    assert.equal(parts.length, cases.length)
    const expected = Buffer.concat(parts.flatMap((each) => [each.prefix, Buffer.from(each.raw, 'hex')]))
    assert.deepEqual(await decompress('lz4', joinBlocks(parts), expected.length), expected)
  })

  it('are not made of what does not end with literals', () => {
    for (const hex of ['', '1f', '10', '106101', '10610100', '1061010020', 'ff', 'f0ffff']) {
      assert.equal(findEnds(Buffer.from(hex, 'hex')), undefined, hex)
    }
  })
})
