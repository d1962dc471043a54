import assert from 'node:assert/strict'
import { SlsEmulator } from '../../../emulator'
import { SlsClient } from '../../../engine/client/client'
import { LogGroupEncoder } from '../../../engine/client/codec/log-group-encoder'
import { parseLogGroupList } from '../../../engine/client/codec/log-group-list'
import { compress, supportedCompressions } from '../../../engine/client/compression/compression'
import type { ClientOptions } from '../../../engine/client/options'
import { withRetry } from '../../../engine/client/retry'
import { rejection } from './stub-server'

const now = () => Math.floor(Date.now() / 1000)

function logGroup(message: string): Buffer {
  const encoder = new LogGroupEncoder({ topic: 'test' })
  assert.ok(encoder.append({ time: now(), contents: { message } }) > 0)
  return encoder.finish()
}

function records(body: Buffer): unknown[] {
  return parseLogGroupList(body).flatMap((group) => group.records().records)
}

for (const signatureVersion of ['v1', 'v4'] as const) {
  describe(`The client against the emulator, signature ${signatureVersion}`, () => {
    let emulator: SlsEmulator
    const clients: SlsClient[] = []

    before(async () => {
      emulator = await SlsEmulator.start({ logstores: ['access:2', 'other:1'], strict: true })
    })

    after(async () => {
      for (const client of clients) client.close()
      await emulator.close()
    })

    function connect(options: Partial<ClientOptions> = {}): SlsClient {
      const { endpoint, project, accessKeyId, accessKeySecret } = emulator
      const client = new SlsClient({
        endpoint,
        project,
        region: 'cn-hangzhou',
        signatureVersion,
        credentials: { accessKeyId, accessKeySecret },
        ...options
      })
      clients.push(client)
      return client
    }

    it('writes with every compression and reads the same back', async () => {
      const sls = connect()
      const [shard] = await sls.listShards('other')
      assert.ok(shard !== undefined)
      const compressions = supportedCompressions()
      for (const compression of compressions) {
        const raw = logGroup(`written with ${compression}, 日志`)
        const body = await compress(compression, raw)
        await sls.putLogs({ logstore: 'other', body, rawSize: raw.length, compression })
      }
      const cursor = await sls.getCursor('other', shard.shardId, 'begin')
      const pulled = await sls.pullLogs({ logstore: 'other', shard: shard.shardId, cursor, count: 100 })
      assert.deepEqual(
        records(pulled.body),
        compressions.map((compression) => ({ message: `written with ${compression}, 日志` }))
      )
      assert.equal(pulled.groupCount, compressions.length)
      assert.equal(pulled.nextCursor, await sls.getCursor('other', shard.shardId, 'end'))
      const rest = await sls.pullLogs({
        logstore: 'other',
        shard: shard.shardId,
        cursor: pulled.nextCursor,
        count: 1
      })
      assert.deepEqual([rest.groupCount, rest.nextCursor, rest.endOfCursor], [0, pulled.nextCursor, true])
      assert.ok(Math.abs((await sls.getCursorTime('other', shard.shardId, cursor)) - now()) < 600)
      assert.equal(await sls.getCursor('other', shard.shardId, now() - 3600), cursor)
    })

    it('writes by hash key to the shard that owns it', async () => {
      const sls = connect()
      for (const { shardId, inclusiveBeginKey } of await sls.listShards('access')) {
        const raw = logGroup(`to shard ${shardId}`)
        const request = { logstore: 'access', body: raw, rawSize: raw.length, compression: 'none' as const }
        await sls.putLogs({ ...request, hashKey: inclusiveBeginKey })
        const cursor = await sls.getCursor('access', shardId, 'begin')
        const { body } = await sls.pullLogs({ logstore: 'access', shard: shardId, cursor, count: 10 })
        assert.deepEqual(records(body), [{ message: `to shard ${shardId}` }])
      }
    })

    it('lists logstores and describes one', async () => {
      const sls = connect()
      assert.deepEqual(new Set(await sls.listLogstores()), new Set(['access', 'other']))
      assert.deepEqual(await sls.listLogstores(undefined, { contains: 'acc' }), ['access'])
      const { name, shardCount } = await sls.getLogstore('access')
      assert.deepEqual([name, shardCount], ['access', 2])
    })

    it('keeps checkpoints in a consumer group', async () => {
      const sls = connect()
      await sls.createConsumerGroup('access', { name: 'group', timeout: 60, order: true })
      assert.equal(
        (await rejection(sls.createConsumerGroup('access', { name: 'group', timeout: 60, order: true })))
          .code,
        'ConsumerGroupAlreadyExist'
      )
      assert.deepEqual(await sls.listConsumerGroups('access'), [{ name: 'group', timeout: 60, order: true }])
      const cursor = await sls.getCursor('access', 0, 'end')
      await sls.updateCheckpoint({ logstore: 'access', group: 'group', shard: 0, cursor, force: true })
      const [checkpoint] = await sls.getCheckpoints('access', 'group', 0)
      assert.deepEqual([checkpoint?.shard, checkpoint?.cursor], [0, cursor])
      assert.ok(Math.abs((checkpoint?.updateTime ?? 0) / 1000 - now()) < 600)
      assert.ok((await sls.getCheckpoints('access', 'group')).some(({ shard }) => shard === 0))
    })

    it('beats for a consumer and is given its shards', async () => {
      const sls = connect()
      await sls.createConsumerGroup('access', { name: 'beating', timeout: 60, order: false })
      const shards = await sls.heartbeat('access', 'beating', 'only', [])
      assert.deepEqual(new Set(shards), new Set([0, 1]))
      assert.deepEqual(new Set(await sls.heartbeat('access', 'beating', 'only', shards)), new Set([0, 1]))
      const cursor = await sls.getCursor('access', 1, 'begin')
      await sls.updateCheckpoint({
        logstore: 'access',
        group: 'beating',
        shard: 1,
        cursor,
        consumer: 'only',
        force: false
      })
    })

    it('is told what is wrong: key, secret, project, logstore', async () => {
      const { accessKeyId, accessKeySecret } = emulator
      const secret = connect({ credentials: { accessKeyId, accessKeySecret: `${accessKeySecret}x` } })
      assert.equal((await rejection(secret.listShards('access'))).code, 'SignatureNotMatch')
      const key = connect({ credentials: { accessKeyId: 'nobody', accessKeySecret } })
      assert.equal((await rejection(key.listShards('access'))).status, 401)
      const project = await rejection(connect({ project: 'nowhere' }).listShards('access'))
      assert.deepEqual([project.code, project.status], ['ProjectNotExist', 404])
      const logstore = await rejection(connect().listShards('nothing'))
      assert.deepEqual([logstore.code, logstore.status], ['LogStoreNotExist', 404])
      assert.match(logstore.hint ?? '', /"nothing"/)
    })

    it('works with a clock that is a day off, from the second call on', async () => {
      const sls = connect({ clock: () => Date.now() - 86_400_000 })
      const codes: string[] = []
      const shards = await withRetry(() => sls.listShards('access'), {
        policy: { maxRetries: 1, maxRetriesRetryable: 0, baseRetryBackoff: 0, maxRetryBackoff: 0 },
        onRetry: ({ error }) => codes.push(error.code)
      })
      assert.equal(shards.length, 2)
      assert.match(codes.join(), /^RequestTime(?:TooSkewed|Expired)$/)
    })
  })
}
