import assert from 'node:assert/strict'
import { type Logstore, logGroup, textsOf } from './logstore'
import { serviceOfSuite } from './service'
import { type Compression, hasZstd } from './support/compression'
import { encodeLogGroup } from './support/log-groups'
import { accepted, acceptedEmpty, refused } from './support/reply'
import { unproven } from './support/unproven'

const forms: Compression[] = ['lz4', 'deflate', ...(hasZstd ? (['zstd'] as const) : [])]
const readable = 'a line that repeats itself, '.repeat(50)

describe('Contract: compression of bodies', () => {
  const service = serviceOfSuite()
  let logstore: Logstore
  before(async () => {
    logstore = await service.createLogstore({ shardCount: 1 })
  })

  describe('of writes', () => {
    for (const compression of forms) {
      it(`takes a body compressed with ${compression}`, async () => {
        const cursor = await logstore.cursor(0, 'end')
        acceptedEmpty(await logstore.putReply(logGroup(readable), { compression }))
        assert.deepEqual(textsOf(await logstore.read(0, cursor, 1)), [readable])
      })
    }

    it('takes an LZ4 block whose matches overlap themselves', async () => {
      const cursor = await logstore.cursor(0, 'end')
      const raw = encodeLogGroup(logGroup('z'.repeat(100)))
      const run = raw.lastIndexOf(Buffer.from('z'.repeat(100)))
      const head = raw.subarray(0, run + 1)
      assert.ok(head.length > 15 && head.length < 15 + 255)
      const tail = raw.subarray(run + 1 + 90)
      const block = Buffer.concat([
        Buffer.from([0xff, head.length - 15]),
        head,
        Buffer.from([1, 0, 90 - 4 - 15]),
        Buffer.from([tail.length << 4]),
        tail
      ])
      const headers = { 'x-log-compresstype': 'lz4', 'x-log-bodyrawsize': String(raw.length) }
      acceptedEmpty(await logstore.putBodyReply(block, { headers }))
      assert.deepEqual(textsOf(await logstore.read(0, cursor, 1)), ['z'.repeat(100)])
    })

    for (const compression of forms) {
      it(`refuses ${compression} data of another raw size than told as PostBodyUncompressError`, async () => {
        const raw = encodeLogGroup(logGroup(readable))
        for (const size of [raw.length - 1, raw.length + 1]) {
          const headers = { 'x-log-bodyrawsize': String(size) }
          refused(await logstore.putBodyReply(raw, { compression, headers }), 400, 'PostBodyUncompressError')
        }
      })

      it(`refuses garbage said to be ${compression} as PostBodyUncompressError`, async () => {
        const headers = { 'x-log-compresstype': compression, 'x-log-bodyrawsize': '500' }
        const reply = await logstore.putBodyReply(Buffer.from([0xf4, 0x01, 0x02, 0x03, 0x04]), { headers })
        refused(reply, 400, 'PostBodyUncompressError')
      })
    }

    it('refuses an unknown compression as InvalidCompressType', async () => {
      const headers = { 'x-log-compresstype': 'snappy' }
      refused(await logstore.putReply(logGroup('x'), { headers }), 400, 'InvalidCompressType')
    })

    it('refuses a compressed body without its raw size as MissingBodyRawSize', async () => {
      const headers = { 'x-log-bodyrawsize': undefined }
      refused(
        await logstore.putReply(logGroup('x'), { compression: 'lz4', headers }),
        400,
        'MissingBodyRawSize'
      )
    })

    it('refuses a raw size that is not a number as InvalidBodyRawSize', async () => {
      const headers = { 'x-log-bodyrawsize': 'many' }
      refused(
        await logstore.putReply(logGroup('x'), { compression: 'lz4', headers }),
        400,
        'InvalidBodyRawSize'
      )
    })

    it('stores nothing of a body that does not decompress', async () => {
      const cursor = await logstore.cursor(0, 'end')
      const headers = { 'x-log-bodyrawsize': '3' }
      refused(
        await logstore.putReply(logGroup('x'), { compression: 'lz4', headers }),
        400,
        'PostBodyUncompressError'
      )
      await logstore.read(0, cursor, 0)
    })
  })

  describe('of pulls', () => {
    let cursor: string
    before(async () => {
      cursor = await logstore.cursor(0, 'end')
      await logstore.put(readable)
      await logstore.read(0, cursor, 1)
    })

    for (const encoding of forms.filter((form) => form !== 'deflate')) {
      it(`compresses with ${encoding} for a client that accepts it`, async () => {
        const { reply, groups } = await logstore.pull(0, cursor, { headers: { 'accept-encoding': encoding } })
        assert.equal(reply.header('x-log-compresstype'), encoding)
        assert.ok(reply.body.length < Number(reply.header('x-log-bodyrawsize')))
        assert.deepEqual(textsOf(groups), [readable])
      })
    }

    it('sends the groups as they are to a client that accepts no compression', async () => {
      const { reply, groups } = await logstore.pull(0, cursor, { headers: { 'accept-encoding': '' } })
      assert.equal(reply.header('x-log-compresstype'), undefined)
      assert.equal(reply.header('x-log-bodyrawsize'), String(reply.body.length))
      assert.deepEqual(textsOf(groups), [readable])
    })

    it('never says Content-Encoding, so that no HTTP library inflates the body first', async () => {
      for (const encoding of ['lz4', '', ...forms]) {
        const reply = accepted(
          await logstore.pullReply(0, cursor, { headers: { 'accept-encoding': encoding } })
        )
        assert.equal(reply.header('content-encoding'), undefined)
      }
    })

    it('sends no body at all where there is nothing to read', async () => {
      const end = await logstore.cursor(0, 'end')
      const { reply } = await logstore.pull(0, end)
      assert.equal(reply.body.length, 0)
      assert.equal(reply.header('x-log-bodyrawsize'), '0')
    })

    unproven('sends a zlib stream to a client that accepts deflate', async () => {
      const { reply, groups } = await logstore.pull(0, cursor, { headers: { 'accept-encoding': 'deflate' } })
      assert.equal(reply.header('x-log-compresstype'), 'deflate')
      assert.deepEqual(textsOf(groups), [readable])
    })

    unproven('refuses an encoding that it does not know as InvalidAcceptEncoding', async () => {
      const reply = await logstore.pullReply(0, cursor, { headers: { 'accept-encoding': 'snappy' } })
      refused(reply, 400, 'InvalidAcceptEncoding')
    })
  })
})
