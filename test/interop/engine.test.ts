import assert from 'node:assert/strict'
import path from 'node:path'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import { SlsEmulator } from '../../emulator'
import { SlsClient } from '../../engine/client/client'
import { SlsSink } from '../../engine/sink/sink'
import { SlsSource } from '../../engine/source/source'
import { runs } from '../support/counts'
import { localAgent, sdkFor } from './aliyun-log-sdk'

const now = Math.floor(Date.now() / 1000)

describe('the engine and foreign code', () => {
  let emulator: SlsEmulator
  let client: SlsClient

  beforeEach(async () => {
    emulator = await SlsEmulator.start({ logstores: ['access:1'] })
    const { endpoint, project, accessKeyId, accessKeySecret } = emulator
    client = new SlsClient({ endpoint, project, credentials: { accessKeyId, accessKeySecret } })
  })
  afterEach(async () => {
    client.close()
    await emulator.close()
  })

  it('the source reads what @alicloud/log wrote', async () => {
    const agent = localAgent()
    const logs = Array.from({ length: 200 }, (_, i) => ({
      content: { index: String(i), 文本: `值 ${i} 💾`, empty: '', long: 'x'.repeat(i * 10) },
      timestamp: now - (i % 60),
      ...(i % 2 === 0 ? { timestampNsPart: i * 1000 } : {})
    }))
    const data = { topic: 'web', source: 'gateway', tags: [{ site: 'a' }, { line: '2' }], logs }
    await sdkFor(emulator).postLogStoreLogs('demo', 'access', data, { agent })
    agent.destroy()
    const source = new SlsSource({ client, logstores: 'access' })
    for await (const batch of source) {
      const [group] = batch.groups
      assert.ok(group !== undefined && batch.groups.length === 1)
      assert.deepEqual(
        [group.topic, group.source, group.tags],
        [
          'web',
          'gateway',
          [
            ['site', 'a'],
            ['line', '2']
          ]
        ]
      )
      assert.deepEqual(
        group
          .logs()
          .map(({ time, timeNs, contents }) => ({ time, timeNs, contents: Object.fromEntries(contents) })),
        logs.map(({ timestamp, timestampNsPart, content }) => ({
          time: timestamp,
          timeNs: timestampNsPart,
          contents: content
        }))
      )
      batch.ack()
      break
    }
    await source.close()
  })

  it('the source reads equal whatever logs @alicloud/log wrote', async function () {
    this.timeout(runs(20_000, 300_000))
    const count = runs(200, 10_000)
    const seed = Math.floor(Math.random() * 2 ** 31)
    const value = fc.oneof(
      { weight: 100, arbitrary: fc.string({ unit: 'grapheme', maxLength: 80 }) },
      { weight: 1, arbitrary: fc.constantFrom('a', '中', '🚀').map((unit) => unit.repeat(262_144)) }
    )
    const name = fc.oneof(
      fc.constantFrom('zz', 'aa', '键', '__time__'),
      fc.string({ minLength: 1, maxLength: 20 })
    )
    const content = fc.dictionary(name, value, { minKeys: 1, maxKeys: 8, noNullPrototype: true })
    const written = fc
      .sample(content, { numRuns: count, seed })
      .map((fields, i) => ({ ...fields, index: String(i) }))
    const agent = localAgent()
    const sdk = sdkFor(emulator)
    for (let from = 0; from < count; from += 50) {
      const logs = written.slice(from, from + 50).map((fields) => ({ content: fields, timestamp: now }))
      await sdk.postLogStoreLogs('demo', 'access', { topic: '', source: '', logs }, { agent })
    }
    agent.destroy()
    const source = new SlsSource({ client, logstores: 'access' })
    let read = 0
    for await (const batch of source) {
      for (const group of batch.groups) {
        for (const { contents } of group.logs()) {
          assert.deepEqual(contents, Object.entries(written[read] ?? {}), `seed ${seed}, log ${read}`)
          read++
        }
      }
      batch.ack()
      if (read >= count) break
    }
    assert.equal(read, count)
    await source.close()
  })

  it('an independent decoder reads what the sink wrote', async () => {
    const logs = Array.from({ length: 500 }, (_, i) => ({
      time: now,
      timeNs: i,
      contents: { index: String(i), 文本: '值'.repeat(i % 50), control: '\u0000\n\u{1F4BE}' }
    }))
    const sink = new SlsSink({ client, logstore: 'access', flushInterval: 10 })
    const tags = [['site', '杭州']] as const
    const receipt = await sink.write({ topic: 'topic', source: 'source', tags, logs })
    await sink.close()
    assert.equal(receipt.logs, logs.length)
    const schema = protobuf.loadSync(path.resolve('test/fixtures/sls.proto'))
    const list = schema.lookupType('sls.LogGroupList')
    const cursor = await client.getCursor('access', 0, 'begin')
    const { body } = await client.pullLogs({ logstore: 'access', shard: 0, cursor, count: 1000 })
    const { logGroupList } = list.toObject(list.decode(body)) as { logGroupList: Record<string, unknown>[] }
    for (const { Topic, Source, LogTags } of logGroupList) {
      assert.deepEqual([Topic, Source, LogTags], ['topic', 'source', [{ Key: 'site', Value: '杭州' }]])
    }
    assert.deepEqual(
      logGroupList.flatMap(({ Logs }) => Logs),
      logs.map(({ time, timeNs, contents }) => ({
        Time: time,
        TimeNs: timeNs,
        Contents: Object.entries(contents).map(([Key, Value]) => ({ Key, Value }))
      }))
    )
  })
})
