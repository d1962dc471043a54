import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { SlsEmulator } from '../../../emulator'
import type { LogInput } from '../../../engine/client/codec/log-group-encoder'
import { supportedCompressions } from '../../../engine/client/compression/compression'
import { SlsSink } from '../../../engine/sink/sink'
import { runs } from '../../support/counts'
import { Emulated } from './support/emulated'
import { failureOf } from './support/logs'

const now = () => Math.floor(Date.now() / 1000)
const log = (id: string | number): LogInput => ({ time: now(), contents: { id: String(id) } })
const ids = (count: number) => Array.from({ length: count }, (_, index) => String(index))
const sorted = (values: Iterable<string>) => [...values].sort((one, other) => one.localeCompare(other))

describe('The sink before a service over HTTP', () => {
  let emulated: Emulated

  beforeEach(async () => {
    emulated = await Emulated.start({ logstores: ['access', 'other:1'] })
  })
  afterEach(() => emulated.close())

  for (const compression of supportedCompressions()) {
    it(`writes logs that arrive as they were, with compression ${compression}`, async () => {
      const sink = emulated.sink({ compression })
      const time = now()
      const contents: [string, string][] = [
        ['文', '字'],
        ['empty', ''],
        ['twice', '1'],
        ['twice', '2'],
        ['emoji', '🦀'],
        ['random', randomBytes(15).toString('base64')]
      ]
      const receipt = await sink.write({
        topic: 'topic',
        source: '10.0.0.1',
        tags: [
          ['host', 'a'],
          ['host', 'b']
        ],
        logs: [
          { time, timeNs: 999_999_999, contents },
          { time, contents: { a: '1' } }
        ]
      })
      assert.equal(receipt.logs, 2)
      assert.equal(receipt.requestIds.length, 1)
      const [group, ...others] = await emulated.groups()
      assert.deepEqual(others, [])
      assert.deepEqual(group, {
        topic: 'topic',
        source: '10.0.0.1',
        tags: [
          ['host', 'a'],
          ['host', 'b']
        ],
        logs: [
          { time, timeNs: 999_999_999, contents },
          { time, timeNs: undefined, contents: [['a', '1']] }
        ]
      })
    })
  }

  it('takes logs alone, for its own logstore', async () => {
    const sink = emulated.sink()
    const [write, flushed] = [sink.write([log(1), log(2)]), sink.flush()]
    assert.equal((await write).logs, 2)
    await flushed
    await assert.rejects(sink.write('text' as never), { code: 'InvalidOption', field: 'write' })
    assert.equal((await failureOf(sink.write([7] as never))).code, 'InvalidLog')
  })

  it('lays logs of one hash key on one shard', async () => {
    const sink = emulated.sink({ maxLines: 2 })
    const keys = ['0', '4', '8', 'c'].map((digit) => digit.repeat(32))
    await Promise.all(
      keys.map((hashKey) => sink.write({ hashKey, logs: ids(9).map((id) => log(`${hashKey[0]}${id}`)) }))
    )
    const { shards } = emulated.service.stats().projects[emulated.service.project]?.['access'] ?? {
      shards: []
    }
    assert.deepEqual(
      shards.map((shard) => shard.logs),
      [18, 18]
    )
  })

  it('arrives equal, whatever the logs hold', async function () {
    this.timeout(runs(20_000, 600_000))
    const sink = emulated.sink({ maxLines: 50 })
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme', maxLength: 200 }))
    const record = fc.uniqueArray(fc.tuple(fc.string({ minLength: 1, unit: 'grapheme' }), text), {
      selector: ([key]) => key,
      maxLength: 8
    })
    let written = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { minLength: 1, maxLength: 20 }),
        fc.string(),
        async (records, topic) => {
          const run = `${written++}`
          await sink.write({
            topic,
            source: run,
            logs: records.map((contents) => ({ time: now(), contents }))
          })
          const groups = (await emulated.groups()).filter(({ source }) => source === run)
          assert.deepEqual(
            groups.flatMap(({ logs }) => logs.map(({ contents }) => contents)),
            records.map((contents) => contents.map(([key, value]) => [key, value.toWellFormed()]))
          )
          assert.ok(groups.every((group) => group.topic === topic.toWellFormed()))
        }
      ),
      { numRuns: runs(8, 500) }
    )
  })

  const answers: readonly [status: number, codes: string, again: boolean][] = [
    [
      400,
      'MissingContentType InvalidBodyRawSize InvalidCompressType ParameterInvalid InvalidParameter',
      false
    ],
    [400, 'LogStoreWithoutShard PostBodyInvalid InvalidTimestamp InvalidEncoding InvalidKey', false],
    [400, 'PostBodyUncompressError PostBodyTooLarge', false],
    [413, 'PostBodyTooLarge', false],
    [400, 'RequestTimeTooSkewed RequestTimeExpired InvalidRequestTime', true],
    [
      401,
      'SignatureNotMatch Unauthorized InvalidAccessKeyId SecurityToken.Expired SecurityTokenExpired',
      true
    ],
    [403, 'WriteQuotaExceed ShardWriteQuotaExceed ExceedQuota ProjectForbidden', true],
    [404, 'ProjectNotExist ProjectNotExists LogStoreNotExist LogstoreNotExists', true],
    [408, 'RequestTimeout', true],
    [429, 'TooManyRequests', true],
    [500, 'InternalServerError UnknownError RequestTimeout', true],
    [501, 'NotImplemented', true],
    [503, 'ServerBusy', true]
  ]
  for (const [status, codes, again] of answers) {
    it(`${again ? 'repeats' : 'gives up at once'} a write answered by ${status} ${codes}`, async () => {
      const sink = emulated.sink({ flushInterval: 0 })
      for (const code of codes.split(' ')) {
        emulated.service.addFault({ kind: 'error', call: 'PutLogs', status, code, count: 1 })
        if (again) {
          assert.equal((await sink.write({ logs: [log(code)] })).attempts, 2, code)
        } else {
          const error = await failureOf(sink.write({ logs: [log(code)] }))
          assert.deepEqual([error.code, error.status, error.attempts], [code, status, 1])
          assert.ok(error.requestId)
        }
      }
      const arrived = await emulated.values('id')
      assert.deepEqual(sorted(arrived), again ? sorted(codes.split(' ')) : [])
    })
  }

  for (const [name, skew] of [
    ['ahead', 3_600_000],
    ['behind', -3_600_000]
  ] as const) {
    it(`writes to a service whose clock is an hour ${name}`, async () => {
      await emulated.close()
      emulated = await Emulated.start({ clock: () => Date.now() + skew })
      const sink = emulated.sink({ retry: { maxRetries: 1, baseRetryBackoff: 1 } })
      const time = now() + skew / 1000
      const { attempts } = await sink.write({ logs: [{ time, contents: { id: 'a' } }] })
      assert.equal(attempts, 2)
      assert.equal((await sink.write({ logs: [{ time, contents: { id: 'b' } }] })).attempts, 1)
      assert.equal((await emulated.values('id')).length, 2)
    })
  }

  it('keeps the order of each key through failures', async function () {
    this.timeout(runs(20_000, 600_000))
    const sink = emulated.sink({ ordered: true, maxLines: 3, concurrency: 8 })
    emulated.service.addFault({ kind: 'error', call: 'PutLogs', probability: 0.3, seed: 11 })
    emulated.service.addFault({ kind: 'cutBefore', call: 'PutLogs', probability: 0.2, seed: 12 })
    const keys = ['1', '5', '9', 'd'].map((digit) => digit.repeat(32))
    const written: Promise<unknown>[] = []
    const rounds = runs(30, 1000)
    for (let round = 0; round < rounds; round++) {
      for (const hashKey of keys) written.push(sink.write({ hashKey, logs: [log(`${hashKey[0]}-${round}`)] }))
    }
    await Promise.all(written)
    const arrived = await emulated.values('id')
    for (const [digit = ''] of keys) {
      assert.deepEqual(
        arrived.filter((id) => id.startsWith(digit)),
        ids(rounds).map((round) => `${digit}-${round}`)
      )
    }
  })

  it('delivers to a logstore that is created after the write', async () => {
    const sink = emulated.sink()
    const retried = new Promise((resolve) => sink.on('retry', resolve))
    const receipt = sink.write({ logstore: 'late', logs: [log('early')] })
    await retried
    assert.equal(sink.status().lastError?.code, 'LogStoreNotExist')
    emulated.service.createLogstore('late')
    assert.equal((await receipt).logstore, 'late')
    assert.deepEqual(await emulated.values('id', 'late'), ['early'])
  })

  it('names the logstore that does not exist', async () => {
    const sink = emulated.sink({ retry: { maxRetries: 0 } })
    const error = await failureOf(sink.write({ logstore: 'missing', logs: [log(1)] }))
    assert.deepEqual([error.code, error.status, error.attempts], ['LogStoreNotExist', 404, 1])
    assert.match(error.message, /missing/)
    assert.ok(error.requestId)
  })

  it('fails only the write whose log the service refuses', async () => {
    const sink = emulated.sink()
    const good = ids(40).map((id) => sink.write({ logs: [log(id)] }))
    const bad = failureOf(sink.write({ logs: [{ time: now() - 30 * 86_400, contents: { id: 'stale' } }] }))
    await Promise.all(good)
    assert.equal((await bad).code, 'PostBodyInvalid')
    assert.deepEqual(sorted(await emulated.values('id')), sorted(ids(40)))
  })

  it('closes in time while it retries, each write settled once', async () => {
    const sink = emulated.sink({ maxLines: 10 })
    emulated.service.addFault({ kind: 'error', call: 'PutLogs', code: 'ServerBusy' })
    let settled = 0
    const codes = ids(50).map((id) =>
      sink
        .write({ topic: id, logs: [log(id), log(`${id}b`)] })
        .then(
          () => 'accepted',
          (error: { code: string }) => error.code
        )
        .finally(() => settled++)
    )
    await new Promise((resolve) => sink.on('retry', resolve))
    const { acceptedLogs, failedLogs, failedWrites } = await sink.close(100)
    assert.deepEqual([acceptedLogs, failedLogs, failedWrites], [0, 100, 50])
    assert.ok((await Promise.all(codes)).every((code) => code === 'Closed'))
    assert.equal(settled, 50)
  })
})

describe('The sink when the service is away', () => {
  it('delivers everything once it is up', async () => {
    const first = await SlsEmulator.start({ quiet: true })
    const { port, accessKeyId, accessKeySecret, project, endpoint } = first
    await first.close()
    const sink = new SlsSink({
      client: { endpoint, project, credentials: { accessKeyId, accessKeySecret } },
      logstore: 'access',
      flushInterval: 5,
      retry: { maxRetriesRetryable: -1, baseRetryBackoff: 5, maxRetryBackoff: 20 }
    })
    const writes = ids(200).map((id) => sink.write({ topic: id, logs: [log(id)] }))
    await new Promise((resolve) => sink.on('retry', ({ attempt }) => attempt === 3 && resolve(undefined)))
    assert.equal(sink.status().state, 'retrying')
    assert.equal(sink.status().lastError?.code, 'NetworkError')
    const recovered = new Promise((resolve) => sink.on('recovered', resolve))
    const second = await Emulated.start({ port, accessKeyId, accessKeySecret, project })
    await Promise.all([...writes, recovered])
    assert.deepEqual(sorted(await second.values('id')), sorted(ids(200)))
    await sink.close()
    await second.close()
  })
})
