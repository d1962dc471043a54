import assert from 'node:assert/strict'
import * as engine from '../../engine'
import { FakeService } from './sink/support/fake-service'

// biome-ignore lint/suspicious/noExplicitAny: what the compiler would refuse is what is tried here.
type Anything = any

const connection = {
  endpoint: 'http://127.0.0.1:9',
  project: 'demo',
  credentials: { accessKeyId: 'id', accessKeySecret: 'secret' }
}
const put = { logstore: 'access', body: Buffer.from('x'), rawSize: 1, compression: 'none' } as const
const pull = { logstore: 'access', shard: 0, cursor: 'MA==', count: 1 } as const
const update = { logstore: 'access', group: 'g', shard: 0, cursor: 'MA==', force: true } as const
const good = { time: 1, contents: { a: 'b' } }
const policy = { maxRetries: 1, maxRetriesRetryable: 1, baseRetryBackoff: 0, maxRetryBackoff: 0 }

/** Of no use as an option, as a request, a text, a function or a number. */
const useless = [null, [], [null], true, Number.NaN, Symbol('x')] as const
const notObjects = [...useless, undefined, 'text', 5]
const notFunctions = [...useless.slice(1), 'text', 5, {}]
const notTexts = [...useless.slice(1), 5, {}]
const notNumbers = [...useless.slice(1), 'text', -1, 1.5, {}]

let client: engine.SlsClient
let sink: engine.SlsSink
let source: engine.SlsSource

function toRole(field: string) {
  return (value: Anything) =>
    engine.credentialsProvider({
      type: 'ramRole',
      accessKeyId: 'a',
      accessKeySecret: 'b',
      roleArn: 'r',
      [field]: value
    })
}

/** What takes the value, the field that its error names, and the values. */
type Case = readonly [
  name: string,
  take: (value: Anything) => unknown,
  field: string,
  wrong: readonly unknown[]
]

const cases: readonly Case[] = [
  ['new SlsClient', (value) => new engine.SlsClient(value), 'options', notObjects],
  ...['clock', 'onClockSkew'].map(
    (field) =>
      [
        `SlsClient option ${field}`,
        (value: Anything) => new engine.SlsClient({ ...connection, [field]: value }),
        field,
        notFunctions
      ] as const
  ),
  ...['noProxy', 'username', 'password'].map(
    (field) =>
      [
        `SlsClient option proxy.${field}`,
        (value: Anything) =>
          new engine.SlsClient({ ...connection, proxy: { url: 'http://127.0.0.1:3', [field]: value } }),
        `proxy.${field}`,
        field === 'noProxy' ? [5, 'text', [null], {}] : notTexts
      ] as const
  ),
  [
    'SlsClient option tls',
    (value) => new engine.SlsClient({ ...connection, tls: value }),
    'tls',
    ['', 0, []]
  ],
  ...(['servername', 'passphrase'] as const).map(
    (field) =>
      [
        `SlsClient option tls.${field}`,
        (value: Anything) => new engine.SlsClient({ ...connection, tls: { [field]: value } }),
        `tls.${field}`,
        notTexts
      ] as const
  ),
  [
    'SlsClient option tls.rejectUnauthorized',
    (value) => new engine.SlsClient({ ...connection, tls: { rejectUnauthorized: value } }),
    'tls.rejectUnauthorized',
    ['no', 0, {}]
  ],
  ['credentialsProvider', (value) => engine.credentialsProvider(value), 'credentials', notObjects],
  ...['externalId', 'roleSessionName', 'policy', 'stsEndpoint'].map(
    (field) => [`credentialsProvider ${field}`, toRole(field), field, notTexts] as const
  ),
  ['putLogs', (value) => client.putLogs(value), 'request', notObjects],
  ['putLogs body', (body) => client.putLogs({ ...put, body }), 'body', notObjects],
  ['putLogs rawSize', (rawSize) => client.putLogs({ ...put, rawSize }), 'rawSize', [...notNumbers, null]],
  ['putLogs compression', (name) => client.putLogs({ ...put, compression: name }), 'compression', notTexts],
  ['putLogs hashKey', (hashKey) => client.putLogs({ ...put, hashKey }), 'hashKey', notTexts],
  ['putLogs signal', (signal) => client.putLogs(put, signal), 'signal', ['text', 5, {}, []]],
  ['pullLogs', (value) => client.pullLogs(value), 'request', notObjects],
  ['pullLogs cursor', (cursor) => client.pullLogs({ ...pull, cursor }), 'cursor', [...notTexts, '', null]],
  ['pullLogs count', (count) => client.pullLogs({ ...pull, count }), 'count', [...notNumbers, 0, 1001, null]],
  ['pullLogs endCursor', (endCursor) => client.pullLogs({ ...pull, endCursor }), 'endCursor', notTexts],
  ['pullLogs query', (query) => client.pullLogs({ ...pull, query }), 'query', notTexts],
  ['pullLogs allocate', (allocate) => client.pullLogs({ ...pull, allocate }), 'allocate', notFunctions],
  ['getCursor', (from) => client.getCursor('access', 0, from), 'position', [...notNumbers, null, undefined]],
  ['getCursorTime', (cursor) => client.getCursorTime('access', 0, cursor), 'cursor', [...notTexts, '', null]],
  ['listShards', (logstore) => client.listShards(logstore), 'logstore', notTexts],
  ['listLogstores', (filter) => client.listLogstores(undefined, filter), 'filter', useless],
  [
    'listLogstores contains',
    (contains) => client.listLogstores(undefined, { contains }),
    'filter.contains',
    notTexts
  ],
  ['createConsumerGroup', (group) => client.createConsumerGroup('access', group), 'group', notObjects],
  [
    'createConsumerGroup name',
    (name) => client.createConsumerGroup('access', { name, timeout: 20, order: false }),
    'name',
    [...notTexts, '', null]
  ],
  [
    'createConsumerGroup timeout',
    (timeout) => client.createConsumerGroup('access', { name: 'g', timeout, order: false }),
    'timeout',
    [...notNumbers, null, 0]
  ],
  [
    'updateConsumerGroup',
    (value) => client.updateConsumerGroup('access', 'g', value),
    'settings',
    notObjects
  ],
  [
    'updateConsumerGroup order',
    (order) => client.updateConsumerGroup('access', 'g', { order }),
    'order',
    [null, 1, 'yes']
  ],
  ['heartbeat consumer', (name) => client.heartbeat('access', 'g', name, []), 'consumer', [...notTexts, '']],
  ['heartbeat shards', (shards) => client.heartbeat('access', 'g', 'c', shards), 'shards', ['text', 5, {}]],
  ['heartbeat shard', (shard) => client.heartbeat('access', 'g', 'c', [shard]), 'shard', notNumbers],
  ['updateCheckpoint', (value) => client.updateCheckpoint(value), 'request', notObjects],
  ['updateCheckpoint cursor', (cursor) => client.updateCheckpoint({ ...update, cursor }), 'cursor', notTexts],
  ['updateCheckpoint force', (force) => client.updateCheckpoint({ ...update, force }), 'force', [null, 1]],
  ['getCheckpoints', (shard) => client.getCheckpoints('access', 'g', shard), 'shard', notNumbers],
  ['new LogGroupEncoder', (frame) => new engine.LogGroupEncoder(frame), 'frame', notObjects],
  ['LogGroupEncoder tags', (tags) => new engine.LogGroupEncoder({ tags }), 'tags', ['text', 5, {}, true]],
  ['LogGroupEncoder tag', (tag) => new engine.LogGroupEncoder({ tags: [tag] }), 'tags[0]', notObjects],
  [
    'LogGroupEncoder capacity',
    (size) => new engine.LogGroupEncoder({}, size),
    'initialCapacity',
    [null, ...notNumbers]
  ],
  [
    'LogGroupEncoder append',
    (log) => new engine.LogGroupEncoder({}).append(log),
    'logs',
    [null, undefined, 5]
  ],
  ['measureLog', (log) => engine.measureLog(log), 'logs', [null, undefined, 5, 'text']],
  ['parseLogGroupList', (body) => engine.parseLogGroupList(body), 'body', notObjects],
  ['compress', (name) => engine.compress(name, Buffer.from('x')), 'compression', [...notTexts, null, 'zip']],
  ...(['lz4', 'deflate', 'none'] as const).map(
    (name) => [`compress ${name}`, (raw: Anything) => engine.compress(name, raw), 'raw', notObjects] as const
  ),
  ['decodeCursor', (cursor) => engine.decodeCursor(cursor), 'cursor', [...notObjects, {}]],
  ['encodeCursor', (position) => engine.encodeCursor(position), 'position', [...notObjects, {}]],
  ['withRetry', (call) => engine.withRetry(call, { policy }), 'call', [...notFunctions, null, undefined]],
  ['withRetry options', (value) => engine.withRetry(async () => 1, value), 'options', notObjects],
  ['withRetry policy', (value) => engine.withRetry(async () => 1, { policy: value }), 'policy', notObjects],
  [
    'withRetry policy.maxRetries',
    (maxRetries) => engine.withRetry(async () => 1, { policy: { ...policy, maxRetries } }),
    'maxRetries',
    ['text', 1.5, -2]
  ],
  [
    'withRetry signal',
    (signal) => engine.withRetry(async () => 1, { policy, signal }),
    'signal',
    ['x', 5, {}]
  ],
  ['new SlsSink', (value) => new engine.SlsSink(value), 'options', notObjects],
  ...['clock', 'random'].map(
    (field) =>
      [
        `SlsSink option ${field}`,
        (value: Anything) => new engine.SlsSink({ client: new FakeService(), [field]: value }),
        field,
        notFunctions
      ] as const
  ),
  ['write', (value) => sink.write(value), 'write', [null, undefined, 5, 'text', Symbol('x')]],
  ['write of a list', (log) => sink.write([log]), 'logs', [null, undefined, 5, 'text', Symbol('x')]],
  [
    'write logs',
    (logs) => sink.write({ logs }),
    'logs',
    [...useless.filter((one) => !Array.isArray(one)), {}]
  ],
  [
    'write topik',
    (topik) => sink.write({ logs: [good], topik } as Anything),
    'write.topik',
    ['x', undefined]
  ],
  [
    'submit',
    (value) => new Promise((accepted, failed) => sink.submit(value, { accepted, failed })),
    'write',
    notObjects
  ],
  ['submit observer', (value) => sink.submit({ logs: [good] }, value), 'observer', [...notObjects, {}]],
  ['sink.on', (name) => sink.on(name, () => undefined), 'event', [...notTexts, 'retries']],
  ['sink.on listener', (listener) => sink.on('retry', listener), 'listener', [...notFunctions, null]],
  ['sink.close', (deadline) => sink.close(deadline), 'deadline', [null, 'text', Number.NaN, {}]],
  ['new SlsSource', (value) => new engine.SlsSource(value), 'options', notObjects],
  ...['clock', 'random', 'state'].map(
    (field) =>
      [
        `SlsSource option ${field}`,
        (value: Anything) => new engine.SlsSource({ client, logstores: 'access', [field]: value }),
        field,
        notFunctions
      ] as const
  ),
  [
    'SlsSource option logstores',
    (name) => new engine.SlsSource({ client, logstores: ['access', name] }),
    'logstores',
    [undefined, 5n, ...notTexts]
  ],
  ['seek', (position) => source.seek(position), 'position', [...notObjects, {}, { type: 'start' }]],
  ['seek shard', (shard) => source.seek({ type: 'begin' }, shard), 'shard', useless],
  [
    'seek shard.shard',
    (shard) => source.seek({ type: 'begin' }, { logstore: 'access', shard }),
    'shard.shard',
    notNumbers
  ],
  ['replay', (from) => source.replay(from, { type: 'end' }), 'from', notObjects],
  ['forget', (shard) => source.forget(shard), 'shard', useless],
  ['source.on', (name) => source.on(name, () => undefined), 'event', [...notTexts, 'retries']],
  ['source.on listener', (listener) => source.on('retry', listener), 'listener', [...notFunctions, null]],
  [
    'MemoryProgressStore save',
    (value) => new engine.MemoryProgressStore().save(value),
    'snapshot',
    notObjects
  ],
  ['new FileProgressStore', (file) => new engine.FileProgressStore(file), 'file', [...notTexts, '', null]]
]

describe('What is given wrongly to the engine is refused by its name', () => {
  before(() => {
    client = new engine.SlsClient(connection)
    sink = new engine.SlsSink({ client: new FakeService(), logstore: 'access' })
    source = new engine.SlsSource({ client, logstores: 'access' })
  })
  after(async () => {
    await sink.close()
    await source.close()
    client.close()
  })

  for (const [name, take, field, wrong] of cases) {
    it(`${name}: ${field}`, async () => {
      for (const value of wrong) {
        const failure = await Promise.resolve(value)
          .then(take)
          .then(
            () => assert.fail(`${String(value)} was accepted`),
            (error: unknown) => error
          )
        assert.ok(failure instanceof engine.SlsError, `${String(value)}: ${String(failure)}`)
        assert.ok(failure.isInputError || failure.code === 'InvalidCursor', failure.describe())
        assert.equal(failure.field, field, failure.describe())
      }
    })
  }

  it('an event that is written nearly like one: the one that was meant', () => {
    assert.throws(() => sink.on('retries' as 'retry', () => undefined), { message: /did you mean retry\?$/ })
  })

  it('a log that cannot be read: its place', async () => {
    const { proxy, revoke } = Proxy.revocable({ time: 1, contents: {} }, {})
    revoke()
    const failure = await sink.write([good, proxy as typeof good]).catch((error: unknown) => error)
    assert.ok(failure instanceof engine.WriteError)
    assert.deepEqual([failure.code, failure.logIndex, failure.acceptedLogs], ['InvalidLog', 1, 0])
  })
})
