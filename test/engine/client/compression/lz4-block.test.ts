import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as path from 'node:path'
import fc from 'fast-check'
import { type Lz4, lz4, selectLz4 } from '../../../../engine/client/compression/lz4'
import { runs } from '../../../support/counts'
import { vectorCases } from '../../../support/vectors'

const native = selectLz4('native') ? lz4() : undefined
selectLz4('typescript')
const typescript = lz4()
const codecs = native === undefined ? [typescript] : [native, typescript]

function encode(codec: Lz4, raw: Buffer): Buffer {
  const block = Buffer.alloc(codec.bound(raw.length), 0xaa)
  const size = codec.encode(raw, block)
  assert.ok(size > 0 && size <= block.length)
  return block.subarray(0, size)
}

function decode(codec: Lz4, block: Buffer, rawSize: number): Buffer | undefined {
  const raw = Buffer.alloc(rawSize, 0x55)
  return codec.decode(block, raw) ? raw : undefined
}

const accessLog = readFileSync(path.resolve('test/fixtures/access-sample.log'))

/** Data with matches near and far, runs, and stretches that do not compress. */
const data = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 600 })).map(([byte, size]) => Buffer.alloc(size, byte)),
      fc.tuple(fc.nat(accessLog.length), fc.nat(500)).map(([at, size]) => accessLog.subarray(at, at + size)),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 7 }), fc.integer({ min: 1, max: 100 }))
        .map(([bytes, times]) => Buffer.concat(Array.from({ length: times }, () => bytes)))
    ),
    { maxLength: 20 }
  )
  .map((parts) => Buffer.concat(parts))

/** Bytes without any repetition worth a match. */
function noise(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  let state = 0x1234_5678
  for (let index = 0; index < size; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    bytes[index] = state >>> 24
  }
  return bytes
}

describe('lz4 block', function () {
  this.timeout(runs(20_000, 600_000))

  after(() => {
    selectLz4(native === undefined ? 'typescript' : 'native')
  })

  for (const codec of codecs) {
    describe(`decoded by ${codec.implementation}`, () => {
      for (const { id, blockHex, rawSize, expected } of vectorCases<{
        id: string
        blockHex: string
        rawSize: number
        expected: { rawHex: string }
      }>('lz4-blocks')) {
        it(id, () => {
          assert.equal(decode(codec, Buffer.from(blockHex, 'hex'), rawSize)?.toString('hex'), expected.rawHex)
        })
      }

      it('the blocks that the Python SDK made', () => {
        for (const { expected, sampleLz4 } of vectorCases<{
          expected: { protobufHex: string; protobufLength: number }
          sampleLz4: { hex: string }
        }>('loggroup')) {
          const raw = decode(codec, Buffer.from(sampleLz4.hex, 'hex'), expected.protobufLength)
          assert.equal(raw?.toString('hex'), expected.protobufHex)
        }
      })

      const refused: [name: string, hex: string, rawSize: number][] = [
        ['nothing', '', 1],
        ['more raw bytes than declared', '5068656c6c6f', 4],
        ['fewer raw bytes than declared', '5068656c6c6f', 6],
        ['literals that are cut off', '5068656c', 5],
        ['a literal length that is cut off', 'f0ff', 300],
        ['a byte behind the end', '5068656c6c6f00', 5],
        ['an offset of 0', '1f610000 00 506263646566', 24],
        ['an offset before the start', '1f610200 00 506263646566', 25],
        ['an offset that is cut off', '1061 01', 20],
        ['a match length that is cut off', '1f610100ff', 300],
        ['a match longer than declared', '1f6101000a506263646566', 34],
        ['a match shorter than declared', '1f6101000a506263646566', 36],
        ['a match as its end', '1f6101000a', 30],
        ['a length that runs on for ever', `1f610100${'ff'.repeat(2000)}`, 100]
      ]
      for (const [name, hex, rawSize] of refused) {
        it(`refuses ${name}`, () => {
          assert.equal(decode(codec, Buffer.from(hex.replaceAll(' ', ''), 'hex'), rawSize), undefined)
        })
      }
    })

    for (const reader of codecs) {
      const pair = `${codec.implementation} to ${reader.implementation}`

      it(`keeps any data: ${pair}`, () => {
        fc.assert(
          fc.property(data, (raw) => {
            assert.ok(decode(reader, encode(codec, raw), raw.length)?.equals(raw))
          }),
          { numRuns: runs(200, 10_000) }
        )
      })

      it(`keeps data of every small size, alike and not: ${pair}`, () => {
        for (let size = 1; size < 300; size++) {
          for (const raw of [Buffer.alloc(size, 7), noise(size), accessLog.subarray(0, size)]) {
            assert.ok(decode(reader, encode(codec, raw), size)?.equals(raw), `${size} bytes`)
          }
        }
      })

      it(`keeps matches at the farthest offset and just beyond: ${pair}`, () => {
        for (const distance of [65_534, 65_535, 65_536, 65_537]) {
          const word = Buffer.from('a text that comes again')
          const raw = Buffer.concat([word, noise(distance - word.length), word, noise(50)])
          assert.ok(decode(reader, encode(codec, raw), raw.length)?.equals(raw), `distance ${distance}`)
        }
      })

      it(`keeps an access log and incompressible data: ${pair}`, () => {
        for (const raw of [accessLog, noise(200_000), Buffer.alloc(3_000_000)]) {
          assert.ok(decode(reader, encode(codec, raw), raw.length)?.equals(raw))
        }
      })
    }
  }

  it('of an access log is less than half of it', () => {
    for (const codec of codecs) assert.ok(encode(codec, accessLog).length < accessLog.length / 2)
  })

  it('of incompressible data stays within the bound', () => {
    const raw = noise(100_000)
    for (const codec of codecs) assert.ok(encode(codec, raw).length <= codec.bound(raw.length))
  })

  it('that is damaged is refused, or decoded as the native decoder does', () => {
    fc.assert(
      fc.property(
        data.filter((raw) => raw.length > 0),
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), fc.nat(255)), {
          maxLength: 4
        }),
        fc.integer({ min: -3, max: 3 }),
        (raw, changes, difference) => {
          const block = Buffer.from(encode(typescript, raw))
          for (const [place, byte] of changes) block[Math.floor(place * block.length)] = byte
          const rawSize = Math.max(raw.length + difference, 1)
          const ours = decode(typescript, block, rawSize)
          const theirs = native === undefined ? undefined : decode(native, block, rawSize)
          if (theirs !== undefined) assert.ok(ours?.equals(theirs))
          if (changes.length === 0) assert.equal(ours !== undefined, rawSize === raw.length)
        }
      ),
      { numRuns: runs(1000, 50_000) }
    )
  })

  it('of random bytes never makes the decoder write or read beyond its buffers', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(400), (bytes, rawSize) => {
        const memory = Buffer.alloc(rawSize + 64, 0x55)
        typescript.decode(Buffer.from(bytes), memory.subarray(32, 32 + rawSize))
        assert.ok(memory.subarray(0, 32).equals(Buffer.alloc(32, 0x55)))
        assert.ok(memory.subarray(32 + rawSize).equals(Buffer.alloc(32, 0x55)))
      }),
      { numRuns: runs(1000, 50_000) }
    )
  })
})
