import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { SlsClient } from '../../../engine/client/client'
import { supportedCompressions } from '../../../engine/client/compression/compression'
import type { CompressionName } from '../../../engine/client/model'
import { runs } from '../../support/counts'
import { rejection, respond, StubServer } from './stub-server'
import { readVectors } from './vectors'

interface PullCase {
  id: string
  response: { status: number; headers: Record<string, string | undefined>; bodyHex: string }
  expected: { nextCursor: string; logGroupCount: number; rawSize: number; rawHex: string }
}

const { cases } = readVectors<{ cases: PullCase[] }>('pull-responses.json')
const request = { logstore: 'access', shard: 3, cursor: 'MTQ0Nw==', count: 100 }

function caseOf(id: string): PullCase {
  const found = cases.find((vector) => vector.id === id)
  assert.ok(found !== undefined)
  return found
}

describe('PullLogs', () => {
  let stub: StubServer
  let sls: SlsClient

  beforeEach(async () => {
    stub = await StubServer.start()
    sls = stub.client()
  })

  afterEach(async () => {
    sls.close()
    await stub.close()
  })

  function answer(vector: PullCase, headers: Record<string, string | undefined> = {}, body?: Buffer): void {
    stub.answer = (_request, response) => {
      const all = Object.entries({ ...vector.response.headers, ...headers }).filter(
        ([, value]) => value !== undefined
      )
      response.writeHead(200, Object.fromEntries(all))
      response.end(body ?? Buffer.from(vector.response.bodyHex, 'hex'))
    }
  }

  it('puts what came as an LZ4 block where the caller wants it, and gives the block as well', async () => {
    const vector = cases.find(({ response }) => response.headers['x-log-compresstype'] === 'lz4')
    assert.ok(vector !== undefined)
    answer(vector)
    const memory = Buffer.alloc(1 << 20)
    const sizes: number[] = []
    const allocate = (size: number) => {
      sizes.push(size)
      return memory.subarray(0, size)
    }
    const { body, block } = await sls.pullLogs({ ...request, allocate })
    assert.deepEqual(sizes, [vector.expected.rawSize])
    assert.equal(body.buffer, memory.buffer)
    assert.equal(body.toString('hex'), vector.expected.rawHex)
    assert.equal(block?.toString('hex'), vector.response.bodyHex)
  })

  it('takes a body in pieces that does not say how long it is', async () => {
    const { response: stored, expected } = caseOf('many-lz4')
    stub.answer = (_request, response) => {
      response.writeHead(200, stored.headers)
      for (const byte of Buffer.from(stored.bodyHex, 'hex')) response.write(Buffer.of(byte))
      response.end()
    }
    const { body, block } = await sls.pullLogs(request)
    assert.equal(body.toString('hex'), expected.rawHex)
    assert.equal(block?.buffer.byteLength, stored.bodyHex.length / 2)
  })

  it('asks for no memory for a body that did not come as an LZ4 block', async () => {
    const vector = cases.find(
      ({ response, expected }) => expected.rawSize > 0 && response.headers['x-log-compresstype'] === undefined
    )
    assert.ok(vector !== undefined)
    answer(vector)
    const { body, block } = await sls.pullLogs({ ...request, allocate: () => assert.fail('not asked for') })
    assert.equal(body.toString('hex'), vector.expected.rawHex)
    assert.equal(block, undefined)
    assert.equal(body.buffer.byteLength, body.length, 'it keeps nothing else')
  })

  for (const vector of cases) {
    const compression = (vector.response.headers['x-log-compresstype'] ?? 'none') as CompressionName
    it(`reads what the SDKs read: ${vector.id}`, async function () {
      if (!supportedCompressions().includes(compression)) this.skip()
      answer(vector)
      const result = await sls.pullLogs(request)
      assert.equal(result.nextCursor, vector.expected.nextCursor)
      assert.equal(result.groupCount, vector.expected.logGroupCount)
      assert.equal(result.rawSize, vector.expected.rawSize)
      assert.equal(result.body.toString('hex'), vector.expected.rawHex)
      const last = vector.response.headers['x-log-read-last-cursor']
      assert.equal(result.lastCursor, last === undefined ? undefined : BigInt(last))
    })
  }

  it('asks with cursor, count, bounds and query, and takes lz4', async () => {
    answer(caseOf('empty-lz4'))
    await sls.pullLogs(request)
    assert.equal(stub.last.url, '/logstores/access/shards/3?type=log&cursor=MTQ0Nw%3D%3D&count=100')
    assert.equal(stub.last.headers.accept, 'application/x-protobuf')
    assert.equal(stub.last.headers['accept-encoding'], 'lz4')
    await sls.pullLogs({ ...request, endCursor: 'MTQ1MA==', query: "* | where a > 'x y'" })
    assert.match(
      stub.last.url,
      /count=100&end_cursor=MTQ1MA%3D%3D&query=%2A%20%7C%20where%20a%20%3E%20%27x%20y%27&pullMode=scan_on_stream$/
    )
  })

  it('gives lag and end, and with a query what it filtered', async () => {
    answer(caseOf('one-lz4'), {
      'x-log-cursor-time': '1700000000',
      'x-log-end-of-cursor': '1',
      'x-log-rawdatasize': '900',
      'x-log-rawdatacount': '3',
      'x-log-rawdatalines': '12',
      'x-log-resultlines': '1',
      'x-log-failedlines': '0'
    })
    const plain = await sls.pullLogs(request)
    assert.deepEqual(
      [plain.cursorTime, plain.endOfCursor, plain.rawDataSize],
      [1_700_000_000, true, undefined]
    )
    const filtered = await sls.pullLogs({ ...request, query: '*' })
    assert.deepEqual(
      [
        filtered.rawDataSize,
        filtered.rawDataCount,
        filtered.rawDataLines,
        filtered.resultLines,
        filtered.failedLines
      ],
      [900, 3, 12, 1, 0]
    )
  })

  it('takes no answer whose headers are missing, malformed or at odds', async () => {
    const one = caseOf('one-lz4')
    const wrong: Record<string, string | undefined>[] = [
      { 'x-log-cursor': undefined },
      { 'x-log-count': undefined },
      { 'x-log-count': '-1' },
      { 'x-log-count': '1.0' },
      { 'x-log-count': '0' },
      { 'x-log-bodyrawsize': undefined },
      { 'x-log-bodyrawsize': 'sixty' },
      { 'x-log-bodyrawsize': '0' },
      { 'x-log-bodyrawsize': '99999999999999999999' },
      { 'x-log-compresstype': 'brotli' },
      { 'x-log-read-last-cursor': 'MTQ0Nw==' },
      { 'x-log-cursor-time': 'now' }
    ]
    for (const headers of wrong) {
      answer(one, headers)
      const error = await rejection(sls.pullLogs(request))
      assert.deepEqual(
        [error.code, error.retryability, error.status],
        ['BadResponse', 'transient', 200],
        JSON.stringify(headers)
      )
    }
  })

  it('takes no body that does not decompress to just the stated size', async () => {
    const one = caseOf('one-lz4')
    for (const rawSize of ['59', '61', '6000']) {
      answer(one, { 'x-log-bodyrawsize': rawSize })
      const error = await rejection(sls.pullLogs(request))
      assert.deepEqual(
        [error.code, error.retryability, error.status],
        ['CorruptBody', 'transient', 200],
        rawSize
      )
      assert.ok(error.requestId)
    }
    answer(caseOf('three-plain'), { 'x-log-bodyrawsize': '209' })
    assert.equal((await rejection(sls.pullLogs(request))).code, 'CorruptBody')
    answer(caseOf('empty-lz4'), {}, Buffer.from('x'))
    assert.equal((await rejection(sls.pullLogs(request))).code, 'CorruptBody')
  })

  it('allocates nothing for a stated size beyond its limit', async () => {
    answer(caseOf('one-lz4'), { 'x-log-bodyrawsize': '4000000000' })
    const error = await rejection(sls.pullLogs(request))
    assert.deepEqual([error.code, error.retryability], ['BadResponse', 'ordinary'])
    assert.match(error.hint ?? '', /fewer log groups/)
  })

  it('never gives a damaged body of the wrong size, whatever bytes were changed', async () => {
    const vector = caseOf('many-lz4')
    const good = Buffer.from(vector.response.bodyHex, 'hex')
    const damage = fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }))
    await fc.assert(
      fc.asyncProperty(
        fc.array(damage, { minLength: 1, maxLength: 4 }),
        fc.nat(good.length),
        async (changes, cut) => {
          const body = Buffer.from(good)
          for (const [place, flip] of changes) body[place] = (body[place] ?? 0) ^ flip
          answer(vector, {}, cut % 3 === 0 ? body.subarray(0, cut) : body)
          const result = await sls.pullLogs(request).catch((error: unknown) => error)
          if (result instanceof Error) assert.equal('code' in result && result.code, 'CorruptBody')
          else assert.equal((result as { body: Buffer }).body.length, vector.expected.rawSize)
        }
      ),
      { numRuns: runs(60, 1000) }
    )
  })

  it('does not take a log-in page for data', async () => {
    stub.answer = (_request, response) =>
      respond(response, '<html>sign in</html>', 200, { 'content-type': 'text/html' })
    assert.equal((await rejection(sls.pullLogs(request))).code, 'BadResponse')
  })
})
