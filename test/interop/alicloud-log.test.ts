import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Agent } from 'node:http'
import path from 'node:path'
import { SlsEmulator } from '../../emulator'
import { type AliyunLog, localAgent, sdkFor } from './aliyun-log-sdk'

/** The calls that docs/emulator.md says work. */
function documentedCalls(): string[] {
  const text = readFileSync(path.resolve('docs/emulator.md'), 'utf8')
  const section = text.split('### What `@alicloud/log` can do here')[1]?.split(/\n##/)[0] ?? ''
  return [...section.matchAll(/^\| `(\w+)` \| yes/gm)].map(([, name = '']) => name)
}

describe('@alicloud/log, unmodified', () => {
  const called = new Set<string>()
  let emulator: SlsEmulator
  let sdk: AliyunLog
  let agent: Agent
  let options: { agent: Agent }

  beforeEach(async () => {
    emulator = await SlsEmulator.start({ logstores: ['access:1'] })
    sdk = recording(sdkFor(emulator), called)
    agent = localAgent()
    options = { agent }
  })
  afterEach(async () => {
    agent.destroy()
    await emulator.close()
  })

  after(() =>
    assert.deepEqual([...called].sort(compare), documentedCalls().sort(compare), 'docs/emulator.md')
  )

  const around = (): [Date, Date] => [new Date(Date.now() - 60_000), new Date(Date.now() + 60_000)]

  async function failure(call: Promise<unknown>): Promise<{ code: string; requestid: string }> {
    return call.then(
      () => assert.fail('must fail'),
      (error: { code: string; requestid: string }) => error
    )
  }

  it('manages projects', async () => {
    await sdk.createProject('second', { description: 'Two' }, options)
    assert.equal((await sdk.getProject('second', options))['description'], 'Two')
    assert.equal((await failure(sdk.createProject('second', {}, options))).code, 'ProjectAlreadyExist')
    await sdk.deleteProject('second', options)
    assert.equal((await failure(sdk.getProject('second', options))).code, 'ProjectNotExist')
  })

  it('manages logstores', async () => {
    await sdk.createLogStore('demo', 'orders', { ttl: 3, shardCount: 4 }, options)
    assert.deepEqual((await sdk.listLogStore('demo', {}, options))['logstores'], ['access', 'orders'])
    assert.deepEqual(
      (await sdk.listLogStore('demo', { logstoreName: 'ord', offset: 0, size: 1 }, options))['logstores'],
      ['orders']
    )
    const { ttl, shardCount } = await sdk.getLogStore('demo', 'orders', options)
    assert.deepEqual([ttl, shardCount], [3, 4])
    await sdk.updateLogStore('demo', 'orders', { ttl: 9, shardCount: 4 }, options)
    assert.equal((await sdk.getLogStore('demo', 'orders', options))['ttl'], 9)
    await sdk.deleteLogStore('demo', 'orders', options)
    const { code, requestid } = await failure(sdk.getLogStore('demo', 'orders', options))
    assert.equal(code, 'LogStoreNotExist')
    assert.match(requestid, /^[0-9A-F]{24}$/)
  })

  it('manages an index', async () => {
    await sdk.createIndex('demo', 'access', { ttl: 7, line: { token: [','] } }, options)
    assert.equal((await sdk.getIndexConfig('demo', 'access', options))['ttl'], 7)
    await sdk.updateIndex('demo', 'access', { ttl: 8 }, options)
    assert.equal((await sdk.getIndexConfig('demo', 'access', options))['ttl'], 8)
    await sdk.deleteIndex('demo', 'access', options)
    assert.equal((await failure(sdk.getIndexConfig('demo', 'access', options))).code, 'IndexConfigNotExist')
  })

  it('writes logs and finds them', async () => {
    const timestamp = Math.floor(Date.now() / 1000)
    const data = {
      topic: 'web',
      source: 'gateway-1',
      tags: [{ site: '杭州' }],
      logs: [
        { content: { level: 'ERROR', 消息: '磁盘已满 💾' }, timestamp, timestampNsPart: 123_456_789 },
        { content: { level: 'INFO' }, timestamp: timestamp + 1 }
      ]
    }
    await sdk.postLogStoreLogs('demo', 'access', data, options)
    const query = { query: 'level: ERROR', line: 10, offset: 0, topic: '' }
    assert.deepEqual(await sdk.getLogs('demo', 'access', ...around(), query, options), [
      {
        __time__: String(timestamp),
        __time_ns_part__: '123456789',
        __topic__: 'web',
        __source__: 'gateway-1',
        '__tag__:site': '杭州',
        level: 'ERROR',
        消息: '磁盘已满 💾'
      }
    ])
    const found = await sdk.getLogs('demo', 'access', ...around(), { query: '消息: 磁盘已满' }, options)
    assert.equal(found.length, 1)
    const counts = await sdk.getHistograms('demo', 'access', ...around(), { query: '*' }, options)
    assert.equal(
      counts.reduce((sum, { count }) => sum + count, 0),
      2
    )
  })

  it('is refused with a wrong secret', async () => {
    const other = sdkFor(emulator, { accessKeySecret: 'wrong' })
    assert.equal((await failure(other.getProject('demo', options))).code, 'SignatureNotMatch')
  })

  it('works with a security token', async () => {
    const sts = sdkFor(emulator, { securityToken: 'token' })
    assert.equal((await sts.getProject('demo', options))['projectName'], 'demo')
  })
})

/** The same SDK, with a note of every method that was called and did not fail. */
function recording(sdk: AliyunLog, called: Set<string>): AliyunLog {
  return new Proxy(sdk, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name)
      if (typeof method !== 'function') return method
      return async (...args: unknown[]) => {
        const result: unknown = await method.apply(target, args)
        called.add(String(name))
        return result
      }
    }
  })
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
