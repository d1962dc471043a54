import assert from 'node:assert/strict'
import { Logstore, logGroup, textsOf } from './logstore'
import { serviceOfSuite } from './service'
import { now } from './support/calls'
import { before as keyBefore, LAST_KEY, sixteenths } from './support/hash-keys'
import { encodeLogGroup, type LogGroup, type Pair } from './support/log-groups'
import { accepted, acceptedEmpty, refused } from './support/reply'
import { unproven } from './support/unproven'

const MINUTE = 60
const DAY = 86_400

describe('Contract: PutLogs', () => {
  const service = serviceOfSuite()
  let logstore: Logstore
  before(async () => {
    logstore = await service.createLogstore({ shardCount: 4 })
  })

  describe('what is stored', () => {
    it('answers a write with 200 and nothing else', async () => {
      acceptedEmpty(await logstore.putReply(logGroup('first')))
    })

    it('gives back topic, source, tags, times and fields in their order', async () => {
      const written: LogGroup = {
        topic: 'orders',
        source: '10.0.0.7',
        tags: [
          ['host', 'a'],
          ['rack', '12']
        ],
        logs: [
          {
            time: now() - 5,
            contents: [
              ['z', '1'],
              ['a', '2'],
              ['m', '3']
            ] satisfies Pair[]
          },
          { time: now(), contents: [['only', 'one']] }
        ]
      }
      assert.deepEqual((await logstore.received(written)).group, written)
    })

    it('keeps the nanoseconds of a log', async () => {
      const contents: Pair[] = [['k', 'v']]
      const logs = [{ time: now(), timeNs: 999_999_999, contents }]
      const { group } = await logstore.received({ ...logGroup(''), logs })
      assert.equal(group.logs[0]?.timeNs, 999_999_999)
    })

    it('keeps text of any language, empty values, line feeds and zero bytes', async () => {
      const contents: Pair[] = [
        ['中文', '日志服务'],
        ['emoji', '🚀 Ünïcode'],
        ['empty', ''],
        ['control', 'a\nb\tc\u0000d']
      ]
      const { group } = await logstore.received({ ...logGroup(''), logs: [{ time: now(), contents }] })
      assert.deepEqual(group.logs[0]?.contents, contents)
    })

    it('keeps both of two fields with the same key', async () => {
      const contents: Pair[] = [
        ['k', 'first'],
        ['k', 'second']
      ]
      const { group } = await logstore.received({ ...logGroup(''), logs: [{ time: now(), contents }] })
      assert.deepEqual(group.logs[0]?.contents, contents)
    })

    it('keeps a value of 512 KiB whole', async () => {
      const text = 'x'.repeat(512 * 1024)
      assert.deepEqual(textsOf([(await logstore.received(logGroup(text))).group]), [text])
    })

    it('keeps 4,096 logs of one group in their order', async () => {
      const logs = Array.from({ length: 4096 }, (_, i) => ({
        time: now(),
        contents: [['n', String(i)]] as Pair[]
      }))
      const { group } = await logstore.received({ ...logGroup(''), logs })
      assert.deepEqual(
        textsOf([group]),
        logs.map((_, i) => String(i))
      )
    })

    it('passes over fields of a log group that it does not know', async () => {
      const unknown = Buffer.from([0x9a, 0x06, 0x02, 0x68, 0x69])
      const body = Buffer.concat([encodeLogGroup(logGroup('beside an unknown field')), unknown])
      const ends = await logstore.ends()
      accepted(await logstore.putBodyReply(body))
      const [received] = await logstore.since(ends, 1)
      assert.deepEqual(textsOf(received === undefined ? [] : [received.group]), ['beside an unknown field'])
    })

    it('stores each of twenty load-balanced writes once, in shards that take writes', async () => {
      const texts = Array.from({ length: 20 }, (_, i) => `balanced ${i}`)
      const ends = await logstore.ends()
      await logstore.putAll(texts)
      const received = await logstore.since(ends, texts.length)
      assert.deepEqual(textsOf(received.map(({ group }) => group)).sort(), [...texts].sort())
    })

    it('stores each of fifty simultaneous writes once, each at a position of its own', async () => {
      const cursor = await logstore.cursor(1, 'end')
      const texts = Array.from({ length: 50 }, (_, i) => `simultaneous ${i}`)
      await Promise.all(texts.map((text) => logstore.put(text, { key: sixteenths(5) })))
      assert.deepEqual(textsOf(await logstore.read(1, cursor, 50)).sort(), [...texts].sort())
    })

    it('keeps the groups of one shard in the order of their arrival', async () => {
      const cursor = await logstore.cursor(0, 'end')
      await logstore.putAll(['1', '2', '3', '4', '5'], { key: sixteenths(0) })
      assert.deepEqual(textsOf(await logstore.read(0, cursor, 5)), ['1', '2', '3', '4', '5'])
    })
  })

  describe('forms of a write', () => {
    it('takes a write on the logstore itself, as the Go and C++ SDKs send it', async () => {
      const body = encodeLogGroup(logGroup('no shards in the path'))
      const ends = await logstore.ends()
      const headers = { 'content-type': 'application/x-protobuf' }
      acceptedEmpty(await service.call({ method: 'POST', path: logstore.path, headers, body }))
      await logstore.since(ends, 1)
    })

    it('takes a body whose length is not told', async () => {
      const body = encodeLogGroup(logGroup('chunked'))
      const ends = await logstore.ends()
      const path = `${logstore.path}/shards/lb`
      const headers = { 'content-type': 'application/x-protobuf' }
      acceptedEmpty(await service.call({ method: 'POST', path, headers, body, chunked: true }))
      await logstore.since(ends, 1)
    })

    it('takes a body that waits for leave to come (Expect: 100-continue), as curl sends it', async () => {
      acceptedEmpty(await logstore.putReply(logGroup('expected'), { headers: { expect: '100-continue' } }))
    })

    it('takes an uncompressed write without its raw size', async () => {
      acceptedEmpty(
        await logstore.putReply(logGroup('no size'), { headers: { 'x-log-bodyrawsize': undefined } })
      )
    })

    it('takes a log group in JSON, as the Java SDK writes it', async () => {
      const ends = await logstore.ends()
      const json = {
        __topic__: 'json',
        __source__: '10.1.1.1',
        __logs__: [{ __time__: now(), __time_ns_part__: 5, text: 'from JSON' }],
        __tags__: { origin: 'java' }
      }
      acceptedEmpty(await service.call({ method: 'POST', path: `${logstore.path}/shards/lb`, json }))
      const [received] = await logstore.since(ends, 1)
      assert.equal(received?.group.topic, 'json')
      assert.equal(received?.group.source, '10.1.1.1')
      assert.deepEqual(received?.group.tags, [['origin', 'java']])
      assert.deepEqual(received?.group.logs, [
        { time: json.__logs__[0]?.__time__, timeNs: 5, contents: [['text', 'from JSON']] }
      ])
    })

    it('serves the logstore’s name in a path with percent-encoding', async () => {
      const path = `/logstores/${logstore.name.replace('-', '%2D')}/shards/lb`
      const headers = { 'content-type': 'application/x-protobuf' }
      acceptedEmpty(
        await service.call({ method: 'POST', path, headers, body: encodeLogGroup(logGroup('encoded path')) })
      )
    })

    unproven('takes a log group on the path of a metric store, as the Java and Go SDKs send it', async () => {
      const name = service.newName()
      const json = { logstoreName: name, ttl: 1, shardCount: 1, telemetryType: 'Metrics' }
      accepted(await service.call({ method: 'POST', path: '/logstores', json }))
      const metrics = new Logstore(service.call, name)
      await metrics.known(1)
      const cursor = await metrics.cursor(0, 'end')
      const contents: Pair[] = [
        ['__labels__', 'host#$#a'],
        ['__name__', 'load'],
        ['__time_nano__', `${now()}000000000`],
        ['__value__', '1.5']
      ]
      const body = encodeLogGroup({ ...logGroup(''), logs: [{ time: now(), contents }] })
      const path = `/prometheus/${service.target.project}/${name}/api/v1/write`
      const headers = { 'content-type': 'application/x-protobuf' }
      acceptedEmpty(await service.call({ method: 'POST', path, headers, body }))
      await metrics.read(0, cursor, 1)
    })

    unproven('takes the sequence number of an exactly-once write', async () => {
      acceptedEmpty(
        await logstore.putReply(logGroup('sequence'), { key: sixteenths(0), query: { seqid: 7 } })
      )
    })
  })

  describe('hash keys', () => {
    for (const [key, shard, where] of [
      [sixteenths(0), 0, 'the first key'],
      [keyBefore(sixteenths(4)), 0, 'the last key of the first shard'],
      [sixteenths(4), 1, 'the first key of the second shard'],
      [sixteenths(9), 2, 'a key within the third shard'],
      [keyBefore(LAST_KEY), 3, 'the last key inside the hash space']
    ] as const) {
      it(`routes ${where} to shard ${shard}, whose range holds it`, async () => {
        assert.equal((await logstore.received(logGroup(where), { key })).shard, shard)
      })
    }

    it('takes a shorter key as the beginning of one: 5F lies in [40.., 80..)', async () => {
      assert.equal((await logstore.received(logGroup('prefix'), { key: '5F' })).shard, 1)
    })

    unproven('gives the key of 32 f, which no half-open range holds, to the last shard', async () => {
      assert.equal((await logstore.received(logGroup('last key'), { key: LAST_KEY })).shard, 3)
    })

    unproven('refuses a key that is not hexadecimal as ParameterInvalid', async () => {
      refused(await logstore.putReply(logGroup('no hex'), { key: 'not-a-hash-key' }), 400, 'ParameterInvalid')
    })
  })

  describe('what is refused', () => {
    it('refuses a write to an unknown logstore as LogStoreNotExist', async () => {
      const path = '/logstores/no-such-logstore-here/shards/lb'
      const headers = { 'content-type': 'application/x-protobuf' }
      const body = encodeLogGroup(logGroup('nowhere'))
      refused(await service.call({ method: 'POST', path, headers, body }), 404, 'LogStoreNotExist')
    })

    it('refuses a body that is not a log group as PostBodyInvalid', async () => {
      refused(await logstore.putBodyReply(Buffer.from('not protobuf at all')), 400, 'PostBodyInvalid')
    })

    it('refuses a log group that breaks off in the middle as PostBodyInvalid', async () => {
      const whole = encodeLogGroup(logGroup('whole'))
      refused(await logstore.putBodyReply(whole.subarray(0, whole.length - 3)), 400, 'PostBodyInvalid')
    })

    it('refuses a log without its time as PostBodyInvalid', async () => {
      const content = Buffer.from([0x12, 0x06, 0x0a, 0x01, 0x6b, 0x12, 0x01, 0x76])
      const body = Buffer.concat([Buffer.from([0x0a, content.length]), content])
      refused(await logstore.putBodyReply(body), 400, 'PostBodyInvalid')
    })

    for (const [age, words] of [
      [7 * DAY + 10 * MINUTE, 'more than seven days ago'],
      [-25 * MINUTE, 'more than fifteen minutes ahead']
    ] as const) {
      it(`refuses a log of ${words} as PostBodyInvalid`, async () => {
        refused(await logstore.putReply(logGroup('out of time', now() - age)), [400, 499], 'PostBodyInvalid')
      })
    }

    for (const [age, words] of [
      [7 * DAY - 10 * MINUTE, 'almost seven days ago'],
      [-10 * MINUTE, 'ten minutes ahead']
    ] as const) {
      it(`takes a log of ${words}`, async () => {
        accepted(await logstore.putReply(logGroup('in time', now() - age)))
      })
    }

    it('stores nothing of a group when one of its logs is refused', async () => {
      const ends = await logstore.ends()
      const logs = [logGroup('good'), logGroup('bad', now() - 8 * DAY)].flatMap((group) => group.logs)
      refused(await logstore.putReply({ ...logGroup(''), logs }), [400, 499], 'PostBodyInvalid')
      await logstore.since(ends, 0)
    })

    it('refuses more than 10 MiB of raw data as PostBodyTooLarge', async () => {
      const group = logGroup('')
      const logs = Array.from({ length: 11 }, () => logGroup('y'.repeat(1_000_000)).logs).flat()
      const reply = await logstore.putReply({ ...group, logs }, { compression: 'deflate' })
      refused(reply, [400, 413], 'PostBodyTooLarge')
    })

    it('refuses a write without a content type as MissingContentType', async () => {
      const reply = await logstore.putReply(logGroup('untyped'), { headers: { 'content-type': undefined } })
      refused(reply, 400, 'MissingContentType')
    })

    it('refuses a write of an unknown content type as InvalidContentType', async () => {
      const reply = await logstore.putReply(logGroup('typed'), { headers: { 'content-type': 'text/plain' } })
      refused(reply, [400, 415], 'InvalidContentType')
    })

    unproven('refuses a key of more than 128 bytes', async () => {
      const logs = [{ time: now(), contents: [['k'.repeat(129), 'v']] as Pair[] }]
      refused(await logstore.putReply({ ...logGroup(''), logs }), 400, ['InvalidKey', 'PostBodyInvalid'])
    })
  })
})
