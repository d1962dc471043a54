import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import protobuf from 'protobufjs'
import { compress, supportedCompressions } from '../../engine/client/compression/compression'
import type { CompressionName } from '../../engine/client/model'
import { refusalOf } from './raw-client'
import { encodeGroup, groupOf, keyAt, NOW_SECONDS, World } from './world'

describe('PutLogs', () => {
  const world = new World({ logstores: ['access:4'] })
  const protobufHeaders = { 'content-type': 'application/x-protobuf' }

  async function allTexts(): Promise<string[]> {
    return (await Promise.all([0, 1, 2, 3].map((shard) => world.texts(shard)))).flat()
  }

  it('answers 200 with a request id and nothing else', async () => {
    const { status, headers, body } = await world.put(groupOf('a'))
    assert.equal(status, 200)
    assert.equal(body.length, 0)
    assert.equal(headers['content-type'], undefined)
    assert.match(String(headers['x-log-requestid']), /^[0-9A-F]{24}$/)
  })

  for (const target of [
    '/logstores/access',
    '/logstores/access/shards/lb',
    '/logstores/access/shards/route',
    '/prometheus/demo/access/api/v1/write'
  ]) {
    it(`takes a group at ${target}`, async () => {
      assert.equal((await world.put(groupOf('here'), { target })).status, 200)
      assert.deepEqual(await allTexts(), ['here'])
    })
  }

  it('refuses a processor, which it would not run', async () => {
    for (const path of ['/logstores/access', `/logstores/access/shards/lb`]) {
      const answer = await world.put(groupOf('here'), { target: `${path}?processor=mask` })
      assert.equal(refusalOf(answer), '400 ParameterInvalid')
    }
    assert.deepEqual(await allTexts(), [])
  })

  it('keeps the group byte for byte', async () => {
    const { cases } = JSON.parse(
      readFileSync(path.resolve('test/fixtures/vectors/loggroup.json'), 'utf8')
    ) as {
      cases: { id: string; expected: { protobufHex: string } }[]
    }
    await world.stop()
    await world.start({ checkLogTime: false, logstores: ['access:1'] })
    for (const { expected } of cases) {
      assert.equal((await world.put(Buffer.from(expected.protobufHex, 'hex'))).status, 200)
    }
    const { answer } = await world.pull(0, await world.cursor(0, 'begin'), {
      headers: { 'accept-encoding': '' }
    })
    const list = cases.map(({ expected }) => Buffer.from(expected.protobufHex, 'hex'))
    const framed = list.map((body) => Buffer.concat([Buffer.from([0x0a]), varint(body.length), body]))
    assert.deepEqual(answer.body, Buffer.concat(framed))
  })

  it('spreads load-balanced writes over the writable shards', async () => {
    for (let i = 0; i < 8; i++) await world.put(groupOf(`${i}`))
    for (const shard of [0, 1, 2, 3]) assert.equal((await world.texts(shard)).length, 2)
  })

  describe('by hash key', () => {
    for (const [key, shard] of [
      [keyAt(0), 0],
      ['3fffffffffffffffffffffffffffffff', 0],
      ['40000000000000000000000000000000', 1],
      [keyAt(0.9), 3],
      ['5F', 1],
      ['f', 3],
      ['ffffffffffffffffffffffffffffffff', 3]
    ] as const) {
      it(`${key} goes to shard ${shard}`, async () => {
        await world.putText('x', key)
        assert.deepEqual(await world.texts(shard), ['x'])
      })
    }

    it('takes the older header form too', async () => {
      await world.put(groupOf('x'), { headers: { 'x-log-hashkey': keyAt(0.6) } })
      assert.deepEqual(await world.texts(2), ['x'])
    })

    for (const key of ['xyz', '0'.repeat(33), '-1']) {
      it(`refuses the key ${key}`, async () => {
        const target = `/logstores/access/shards/route?key=${key}`
        assert.equal(refusalOf(await world.put(groupOf('x'), { target })), '400 ParameterInvalid')
      })
    }

    it('takes a sequence id along', async () => {
      const target = `/logstores/access/shards/route?key=${keyAt(0)}&seqid=7`
      assert.equal((await world.put(groupOf('x'), { target })).status, 200)
    })
  })

  describe('compressed', () => {
    const raw = encodeGroup(groupOf('compressed '.repeat(50)))

    async function putAs(type: string, body: Buffer, rawSize: string | undefined) {
      const headers = { ...protobufHeaders, 'x-log-compresstype': type }
      return world.client.send({
        method: 'POST',
        target: '/logstores/access/shards/lb',
        headers: rawSize === undefined ? headers : { ...headers, 'x-log-bodyrawsize': rawSize },
        body
      })
    }

    for (const name of supportedCompressions().filter((type) => type !== 'none')) {
      it(`with ${name} is stored raw`, async () => {
        assert.equal((await putAs(name, await compress(name, raw), String(raw.length))).status, 200)
        assert.deepEqual(await allTexts(), ['compressed '.repeat(50)])
      })

      it(`with ${name} and a wrong raw size is refused`, async () => {
        const answer = await putAs(name, await compress(name, raw), String(raw.length + 1))
        assert.equal(refusalOf(answer), '400 PostBodyUncompressError')
      })
    }

    it('without a raw size is refused', async () => {
      const answer = await putAs('lz4', await compress('lz4', raw), undefined)
      assert.equal(refusalOf(answer), '400 MissingBodyRawSize')
    })

    it('with a raw size that is no number is refused', async () => {
      assert.equal(refusalOf(await putAs('lz4', raw, 'many')), '400 InvalidBodyRawSize')
    })

    it('with garbage is refused', async () => {
      assert.equal(
        refusalOf(await putAs('deflate', Buffer.from('garbage'), '100')),
        '400 PostBodyUncompressError'
      )
    })

    for (const type of ['gzip', 'snappy', 'none']) {
      it(`as ${type} is refused`, async () => {
        assert.equal(refusalOf(await putAs(type, raw, String(raw.length))), '400 InvalidCompressType')
      })
    }

    it('beyond 10 MiB raw is refused before it is decompressed', async () => {
      const answer = await putAs('lz4', await compress('lz4', raw), String(10 * 1024 * 1024 + 1))
      assert.equal(refusalOf(answer), '400 PostBodyTooLarge')
    })
  })

  it('takes the wrong raw size of an uncompressed body, as SDKs send it', async () => {
    assert.equal((await world.put(groupOf('x'), { headers: { 'x-log-bodyrawsize': '0' } })).status, 200)
  })

  it('refuses more than 10 MiB', async () => {
    const answer = await world.put(groupOf('x'.repeat(10 * 1024 * 1024)))
    assert.equal(refusalOf(answer), '400 PostBodyTooLarge')
  })

  it('takes 9 MiB in one group', async () => {
    const value = 'y'.repeat(9 * 1024 * 1024)
    assert.equal((await world.put(groupOf(value))).status, 200)
    assert.equal((await allTexts())[0]?.length, value.length)
  })

  describe('as JSON', () => {
    const target = '/logstores/access/shards/lb'

    it('stores what it says', async () => {
      const body = {
        __topic__: 'topic',
        __source__: 'source',
        __logs__: [{ __time__: NOW_SECONDS, __time_ns_part__: 5, b: '1', a: '值' }],
        __tags__: { k: 'v' }
      }
      assert.equal((await world.post(target, body)).status, 200)
      const { groups } = await world.pull(0, await world.cursor(0, 'begin'))
      assert.deepEqual(groups, [
        {
          Topic: 'topic',
          Source: 'source',
          LogTags: [{ Key: 'k', Value: 'v' }],
          Logs: [
            {
              Time: NOW_SECONDS,
              Contents: [
                { Key: 'b', Value: '1' },
                { Key: 'a', Value: '值' }
              ],
              TimeNs: 5
            }
          ]
        }
      ])
    })

    for (const [what, body] of Object.entries({
      'no logs': {},
      'a value that is no text': { __logs__: [{ __time__: NOW_SECONDS, a: 1 }] },
      'no time': { __logs__: [{ a: '1' }] },
      'tags that are no object': { __logs__: [], __tags__: 'x' }
    })) {
      it(`with ${what} is refused`, async () => {
        assert.equal(await world.refused(target, body), '400 PostBodyInvalid')
      })
    }
  })

  describe('in a batch of packages', () => {
    const batchType = protobuf
      .parse(`syntax = "proto2"; package sls;
      enum CompressType { NONE = 0; DEFLATE = 1; LZ4 = 2; ZSTD = 3; }
      message SlsLogPackage { required bytes data = 1; optional int32 uncompressSize = 2; optional CompressType compressType = 3; }
      message SlsLogPackageList { repeated SlsLogPackage packages = 1; }`)
      .root.lookupType('sls.SlsLogPackageList')

    async function putPackages(packages: readonly unknown[]) {
      return world.put(Buffer.from(batchType.encode(batchType.fromObject({ packages })).finish()), {
        headers: { 'x-log-mode': 'batch_group', 'x-log-compresstype': 'lz4' }
      })
    }

    it('stores a group a package, in order, in one shard', async () => {
      const packages = await Promise.all(
        (['lz4', 'deflate', 'none'] as CompressionName[]).map(async (name) => {
          const raw = encodeGroup(groupOf(name))
          const compressType = name === 'lz4' ? 2 : name === 'deflate' ? 1 : 0
          return { data: await compress(name, raw), uncompressSize: raw.length, compressType }
        })
      )
      assert.equal((await putPackages(packages)).status, 200)
      assert.deepEqual(await world.texts(0), ['lz4', 'deflate', 'none'])
    })

    it('stores nothing where one package is bad', async () => {
      const raw = encodeGroup(groupOf('good'))
      const good = { data: raw, uncompressSize: raw.length, compressType: 0 }
      assert.equal(
        refusalOf(await putPackages([good, { ...good, compressType: 2 }])),
        '400 PostBodyUncompressError'
      )
      assert.deepEqual(await allTexts(), [])
    })

    it('refuses what is no package list', async () => {
      const answer = await world.put(Buffer.from('0a05ff', 'hex'), {
        headers: { 'x-log-mode': 'batch_group' }
      })
      assert.equal(refusalOf(answer), '400 PostBodyInvalid')
    })
  })

  describe('checks the body', () => {
    for (const [what, hex] of Object.entries({
      'is cut in a log': '0a7f08808080',
      'has a log without time': '0a08120608016201621a',
      'has a content without value': '0a090801120512016112',
      'is text': Buffer.from('hello').toString('hex'),
      'has field number 0': '0200',
      'has a tag without key': '320412026162'
    })) {
      it(`that ${what}`, async () => {
        assert.equal(refusalOf(await world.put(Buffer.from(hex, 'hex'))), '400 PostBodyInvalid')
        assert.deepEqual(await allTexts(), [])
      })
    }

    it('and skips fields that it does not know', async () => {
      const unknown = Buffer.from('9a0602aabb', 'hex')
      assert.equal((await world.put(Buffer.concat([unknown, encodeGroup(groupOf('x'))]))).status, 200)
    })

    it('needs a content type', async () => {
      assert.equal(
        refusalOf(await world.put(groupOf('x'), { headers: { 'content-type': '' } })),
        '400 MissingContentType'
      )
    })

    it('needs protobuf or JSON', async () => {
      const answer = await world.put(groupOf('x'), { headers: { 'content-type': 'text/plain' } })
      assert.equal(refusalOf(answer), '415 InvalidContentType')
    })
  })

  describe('checks log times', () => {
    const week = 7 * 24 * 3600
    for (const [offset, verdict] of [
      [-week, 200],
      [-week - 1, 400],
      [15 * 60, 200],
      [15 * 60 + 1, 400]
    ] as const) {
      it(`${offset} s from now: ${verdict}`, async () => {
        const answer = await world.put(groupOf('x', NOW_SECONDS + offset))
        assert.equal(answer.status, verdict)
        if (verdict === 400) assert.equal(refusalOf(answer), '400 PostBodyInvalid')
      })
    }

    it('and refuses the whole group for one log', async () => {
      const Logs = [...groupOf('good').Logs, ...groupOf('old', 1).Logs]
      assert.equal((await world.put({ Logs })).status, 400)
      assert.deepEqual(await allTexts(), [])
    })
  })

  it('adds receive time and client address where the logstore wants them', async () => {
    await world.post('/logstores/access', { ttl: 1, appendMeta: true }, 'PUT')
    await world.put({ ...groupOf('x'), LogTags: [{ Key: 'own', Value: 'tag' }] })
    const { groups } = await world.pull(0, await world.cursor(0, 'begin'))
    assert.deepEqual(groups[0]?.LogTags, [
      { Key: 'own', Value: 'tag' },
      { Key: '__client_ip__', Value: '127.0.0.1' },
      { Key: '__receive_time__', Value: String(NOW_SECONDS) }
    ])
  })

  it('says which logstore is missing', async () => {
    assert.equal(refusalOf(await world.put(groupOf('x'), { logstore: 'nowhere' })), '404 LogStoreNotExist')
  })
})

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest])
    bytes.push((rest & 0x7f) | 0x80)
  }
}
