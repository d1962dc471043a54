import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { compress, supportedCompressions } from '../../engine/client/compression/compression'
import { decodeCursor, encodeCursor } from '../../engine/client/cursor'
import { encodeGroup, groupOf, NOW_SECONDS, World } from './world'

describe('PullLogs', () => {
  const world = new World({ logstores: ['access:1'] })
  const shard = '/logstores/access/shards/0'

  async function write(...texts: readonly string[]): Promise<void> {
    for (const text of texts) await world.put(groupOf(text))
  }

  const begin = () => world.cursor(0, 'begin')
  const textsOf = ({ groups }: { groups: { Logs: { Contents: { Value: string }[] }[] }[] }) =>
    groups.flatMap(({ Logs }) => Logs.map(({ Contents }) => Contents[0]?.Value))

  it('answers the groups in the order of arrival, and where to go on', async () => {
    await write('a', 'b', 'c')
    const first = await world.pull(0, await begin(), { parameters: 'count=2' })
    assert.deepEqual(textsOf(first), ['a', 'b'])
    const second = await world.pull(0, first.next)
    assert.deepEqual(textsOf(second), ['c'])
    assert.equal(second.next, await world.cursor(0, 'end'))
  })

  it('bears every header that clients read', async () => {
    await write('a', 'b')
    const cursor = await begin()
    const { answer } = await world.pull(0, cursor)
    const { headers } = answer
    assert.equal(headers['content-type'], 'application/x-protobuf')
    assert.equal(headers['x-log-count'], '2')
    assert.equal(headers['x-log-compresstype'], 'lz4')
    assert.equal(headers['x-log-read-last-cursor'], String(decodeCursor(cursor) + 1n))
    assert.equal(headers['x-log-cursor'], encodeCursor(decodeCursor(cursor) + 2n))
    assert.equal(headers['x-log-cursor-time'], String(NOW_SECONDS))
    assert.equal(headers['x-log-end-of-cursor'], '1')
    assert.equal(headers['content-encoding'], undefined)
    assert.ok(Number(headers['x-log-bodyrawsize']) > 0)
  })

  it('has the shape of the answers that clients were tested with', async () => {
    const { cases } = JSON.parse(
      readFileSync(path.resolve('test/fixtures/vectors/pull-responses.json'), 'utf8')
    ) as {
      cases: {
        id: string
        response: { headers: Partial<Record<string, string>> }
        expected: { rawHex: string }
      }[]
    }
    await write('a')
    for (const { id, response } of cases) {
      const isEmpty = response.headers['x-log-count'] === '0'
      const compression = response.headers['x-log-compresstype']
      if (compression === 'zstd' && !supportedCompressions().includes('zstd')) continue
      const cursor = isEmpty ? await world.cursor(0, 'end') : await begin()
      const { answer } = await world.pull(0, cursor, { headers: { 'accept-encoding': compression ?? '' } })
      for (const name of Object.keys(response.headers)) assert.ok(name in answer.headers, `${id}: no ${name}`)
      assert.equal(answer.headers['x-log-compresstype'], compression, id)
      assert.equal(
        'x-log-read-last-cursor' in answer.headers,
        'x-log-read-last-cursor' in response.headers,
        id
      )
    }
  })

  it('answers nothing, and the same cursor, at the end', async () => {
    await write('a')
    const cursor = await world.cursor(0, 'end')
    const { answer, next } = await world.pull(0, cursor)
    assert.equal(next, cursor)
    assert.equal(answer.body.length, 0)
    assert.equal(answer.headers['x-log-count'], '0')
    assert.equal(answer.headers['x-log-bodyrawsize'], '0')
    assert.equal(answer.headers['x-log-compresstype'], undefined)
    assert.equal(answer.headers['x-log-read-last-cursor'], undefined)
    assert.equal(answer.headers['x-log-end-of-cursor'], '1')
  })

  it('says that there is more', async () => {
    await write('a', 'b')
    const { answer } = await world.pull(0, await begin(), { parameters: 'count=1' })
    assert.equal(answer.headers['x-log-end-of-cursor'], '0')
  })

  it('gives what was written after its end cursor was taken', async () => {
    const end = await world.cursor(0, 'end')
    await write('later')
    assert.deepEqual(textsOf(await world.pull(0, end)), ['later'])
  })

  for (const name of ['end_cursor', 'endCursor']) {
    it(`stops before ${name}`, async () => {
      await write('a', 'b', 'c')
      const cursor = await begin()
      const stop = encodeCursor(decodeCursor(cursor) + 2n)
      const bounded = await world.pull(0, cursor, { parameters: `${name}=${encodeURIComponent(stop)}` })
      assert.deepEqual(textsOf(bounded), ['a', 'b'])
      assert.equal(bounded.next, stop)
      const there = await world.pull(0, stop, { parameters: `${name}=${encodeURIComponent(stop)}` })
      assert.equal(there.answer.headers['x-log-count'], '0')
      assert.equal(there.next, stop)
    })
  }

  it('is known by type=logs too', async () => {
    await write('a')
    const target = `${shard}?type=logs&cursor=${encodeURIComponent(await begin())}&count=10`
    assert.equal((await world.client.send({ target })).headers['x-log-count'], '1')
  })

  it('takes a cursor without its padding', async () => {
    await write('a')
    const cursor = (await begin()).replace(/=+$/, '')
    assert.deepEqual(textsOf(await world.pull(0, cursor)), ['a'])
  })

  it('answers HEAD with the headers alone', async () => {
    await write('a')
    const target = `${shard}?type=log&cursor=${encodeURIComponent(await begin())}&count=10`
    const answer = await world.client.send({ method: 'HEAD', target })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['x-log-cursor'], await world.cursor(0, 'end'))
    assert.equal(answer.body.length, 0)
  })

  for (const [accepted, compression] of [
    ['lz4', 'lz4'],
    ['zstd, lz4', 'lz4'],
    ['deflate', 'deflate'],
    ['gzip', 'gzip'],
    ['', undefined],
    ['identity', undefined]
  ] as const) {
    it(`compresses for "${accepted}" with ${compression ?? 'nothing'}`, async () => {
      await write('a')
      const pulled = await world.pull(0, await begin(), { headers: { 'accept-encoding': accepted } })
      assert.equal(pulled.answer.headers['x-log-compresstype'], compression)
      assert.deepEqual(textsOf(pulled), ['a'])
    })
  }

  it('gives groups that came in LZ4 blocks among others, for every encoding', async () => {
    const texts = [
      'small',
      'x'.repeat(20_000),
      'plain '.repeat(5000),
      'y'.repeat(17_000),
      'z',
      'one after another '.repeat(3000)
    ]
    for (const [i, text] of texts.entries()) {
      const raw = encodeGroup(groupOf(text))
      const headers = { 'x-log-compresstype': 'lz4', 'x-log-bodyrawsize': String(raw.length) }
      const isPlain = i === 2
      const answer = await world.put(isPlain ? raw : await compress('lz4', raw), isPlain ? {} : { headers })
      assert.equal(answer.status, 200)
    }
    for (const encoding of ['lz4', 'deflate', '']) {
      for (const count of [1, 2, 3, 6]) {
        const parameters = `count=${count}`
        const pulled = await world.pull(0, await begin(), {
          parameters,
          headers: { 'accept-encoding': encoding }
        })
        assert.deepEqual(textsOf(pulled), texts.slice(0, count), `${encoding}, ${count} groups`)
      }
    }
    const query = `query=${encodeURIComponent("* | where text like 'x%'")}`
    const { answer, groups } = await world.pull(0, await begin(), { parameters: query })
    assert.equal(groups.length, 1)
    assert.equal(answer.headers['x-log-rawdatacount'], '6')
  })

  it('stops at 10 MiB of raw data, with one group at least', async () => {
    for (let i = 0; i < 3; i++) await world.put(groupOf('z'.repeat(6 * 1024 * 1024)))
    let cursor = await begin()
    for (let i = 0; i < 3; i++) {
      const { answer, next } = await world.pull(0, cursor)
      assert.equal(answer.headers['x-log-count'], '1')
      cursor = next
    }
    assert.equal(cursor, await world.cursor(0, 'end'))
  })

  for (const count of ['0', '1001', '-1', 'many', '1.5']) {
    it(`refuses count=${count}`, async () => {
      const target = `${shard}?type=log&cursor=${encodeURIComponent(await begin())}&count=${count}`
      assert.equal(await world.refused(target), '400 ParameterInvalid')
    })
  }

  it('refuses a processor, which it would not run', async () => {
    const cursor = encodeURIComponent(await world.cursor(0, 'begin'))
    const target = `/logstores/access/shards/0?type=log&cursor=${cursor}`
    assert.equal(await world.refused(`${target}&processor=mask`), '400 ParameterInvalid')
    assert.equal((await world.client.send({ target: `${target}&processor=` })).status, 200)
  })

  it('needs a cursor', async () => {
    assert.equal(await world.refused(`${shard}?type=log&count=1`), '400 ParameterInvalid')
  })

  for (const [what, cursor] of Object.entries({
    'is no base64': '***',
    'is no number': Buffer.from('abc').toString('base64'),
    'is negative': Buffer.from('-5').toString('base64'),
    'was never issued': encodeCursor(1n),
    'lies beyond the end': encodeCursor(9_000_000_000_000_000_000n)
  })) {
    it(`refuses a cursor that ${what}`, async () => {
      const target = `${shard}?type=log&count=1&cursor=${encodeURIComponent(cursor)}`
      assert.equal(await world.refused(target), '400 InvalidCursor')
    })
  }

  it('says which shard or logstore is missing', async () => {
    assert.equal(await world.refused('/logstores/access/shards/7?type=log&cursor=MQ=='), '400 ShardNotExist')
    assert.equal(
      await world.refused('/logstores/nowhere/shards/0?type=log&cursor=MQ=='),
      '404 LogStoreNotExist'
    )
  })

  it('refuses another type', async () => {
    assert.equal(await world.refused(`${shard}?type=other`), '400 ParameterInvalid')
  })
})
