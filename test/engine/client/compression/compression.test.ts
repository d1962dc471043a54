import assert from 'node:assert/strict'
import * as zlib from 'node:zlib'
import fc from 'fast-check'
import {
  compress,
  decompress,
  lz4Implementation,
  supportedCompressions
} from '../../../../engine/client/compression/compression'
import { selectLz4 } from '../../../../engine/client/compression/lz4'
import type { CompressionName } from '../../../../engine/client/model'
import { runs } from '../../../support/counts'
import { vectorCases } from '../../../support/vectors'

interface PullVector {
  id: string
  response: { headers: Record<string, string>; bodyHex: string }
  expected: { rawHex: string; rawSize: number }
}

const supported = supportedCompressions()
const squeezing = supported.filter((name) => name !== 'none')
const log = Buffer.from('{"status":"200","path":"/api/v1/items"}\n'.repeat(500))

describe('compression', function () {
  this.timeout(runs(20_000, 600_000))

  it('is lz4, deflate and none everywhere, and zstd where Node has it', () => {
    const zstd = 'zstdCompress' in zlib
    assert.deepEqual(supported, zstd ? ['lz4', 'zstd', 'deflate', 'none'] : ['lz4', 'deflate', 'none'])
  })

  describe('of the bodies of pulls', () => {
    for (const { id, response, expected } of vectorCases<PullVector>('pull-responses')) {
      const name = (response.headers['x-log-compresstype'] ?? 'none') as CompressionName
      if (!supported.includes(name)) continue
      it(id, async () => {
        const raw = await decompress(name, Buffer.from(response.bodyHex, 'hex'), expected.rawSize)
        assert.equal(raw.toString('hex'), expected.rawHex)
      })
    }
  })

  for (const name of supported) {
    describe(name, () => {
      it('keeps any data', async () => {
        await fc.assert(
          fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (bytes) => {
            const raw = Buffer.from(bytes)
            assert.ok((await decompress(name, await compress(name, raw), raw.length)).equals(raw))
          }),
          { numRuns: runs(50, 1000) }
        )
      })

      it('takes an empty body for nothing', async () => {
        assert.equal((await decompress(name, Buffer.alloc(0), 0)).length, 0)
      })

      it('refuses a body of another size than declared', async () => {
        const body = await compress(name, log)
        for (const size of [0, 1, log.length - 1, log.length + 1]) {
          await assert.rejects(decompress(name, body, size), { code: 'CorruptBody' }, `${size}`)
        }
      })

      it('refuses an empty body where data is declared', async () => {
        await assert.rejects(decompress(name, Buffer.alloc(0), 5), { code: 'CorruptBody' })
      })

      it('refuses a size that is none', async () => {
        const body = await compress(name, log)
        for (const size of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
          await assert.rejects(decompress(name, body, size), { code: 'CorruptBody' })
        }
      })

      it('refuses a size over the limit before it looks at the body', async () => {
        const body = await compress(name, log)
        await assert.rejects(decompress(name, body, log.length, log.length - 1), { code: 'CorruptBody' })
        await assert.rejects(decompress(name, body, 2 ** 32), { code: 'CorruptBody' })
        assert.ok((await decompress(name, body, log.length, log.length)).equals(log))
      })
    })
  }

  for (const name of squeezing) {
    describe(name, () => {
      it('makes logs smaller', async () => {
        assert.ok((await compress(name, log)).length < log.length / 5)
      })

      it('refuses a body that is cut off or has bytes behind its end', async () => {
        const body = await compress(name, log)
        for (const damaged of [
          body.subarray(0, -1),
          body.subarray(0, 10),
          Buffer.concat([body, Buffer.from([0])])
        ]) {
          await assert.rejects(decompress(name, damaged, log.length), { code: 'CorruptBody' })
        }
      })

      it('refuses a bomb: more data than declared, and more declared than possible', async () => {
        const bomb = await compress(name, Buffer.alloc(20_000_000))
        await assert.rejects(decompress(name, bomb, 1000), { code: 'CorruptBody' })
        await assert.rejects(decompress(name, Buffer.from('tiny'), 50_000_000), { code: 'CorruptBody' })
      })

      it('refuses damaged bodies with no other error', async () => {
        const body = await compress(name, log)
        await fc.assert(
          fc.asyncProperty(fc.nat(body.length - 1), fc.nat(255), async (at, byte) => {
            const damaged = Buffer.from(body)
            damaged[at] = byte
            const raw = await decompress(name, damaged, log.length).catch((error: { code?: unknown }) => {
              assert.equal(error.code, 'CorruptBody')
            })
            if (raw !== undefined) assert.equal(raw.length, log.length)
          }),
          { numRuns: runs(100, 5000) }
        )
      })
    })
  }

  it('deflate is a zlib stream, and a gzip stream is read too', async () => {
    assert.ok(zlib.inflateSync(await compress('deflate', log)).equals(log))
    assert.ok((await decompress('deflate', zlib.gzipSync(log), log.length)).equals(log))
    await assert.rejects(decompress('deflate', zlib.deflateRawSync(log), log.length), { code: 'CorruptBody' })
  })

  it('none hands the body on as it is', async () => {
    assert.equal(await compress('none', log), log)
    assert.equal(await decompress('none', log, log.length), log)
  })

  it('lz4 works without the native package', async () => {
    const before = lz4Implementation()
    selectLz4('typescript')
    try {
      assert.equal(lz4Implementation(), 'typescript')
      assert.ok((await decompress('lz4', await compress('lz4', log), log.length)).equals(log))
      await assert.rejects(decompress('lz4', Buffer.from('damaged'), 10), { code: 'CorruptBody' })
    } finally {
      selectLz4(before)
    }
  })

  if (!supported.includes('zstd')) {
    it('zstd is refused with a hint where Node has none', async () => {
      await assert.rejects(compress('zstd', log), { code: 'InvalidOption', field: 'compression' })
      await assert.rejects(decompress('zstd', log, 10), { code: 'BadResponse' })
    })
  }
})
