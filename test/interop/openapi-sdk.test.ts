import assert from 'node:assert/strict'
import dns from 'node:dns'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { SlsEmulator } from '../../emulator'
import { localAgent, sdkFor } from './aliyun-log-sdk'

/** The generated OpenAPI SDK, as far as these tests use it: methods by name, and classes for their requests. */
interface OpenApiSdk {
  default: new (
    config: object
  ) => Record<string, (...args: unknown[]) => Promise<{ statusCode: number; body: unknown }>>
  [request: string]: new (fields: object) => object
}

const load = createRequire(__filename)
const sdk = load('@alicloud/sls20201230') as OpenApiSdk
const { $OpenApiUtil } = createRequire(load.resolve('@alicloud/sls20201230'))('@alicloud/openapi-core') as {
  $OpenApiUtil: { Config: new (fields: object) => object }
}

/** What each call is given, in an order in which each can work, and a part of what it answers. */
function calls(now: number, cursor: () => string): [name: string, args: unknown[], expected: RegExp][] {
  const range = { from: now - 100, to: now + 100, query: 'level: ERROR' }
  const of = (request: string, fields: object) => ({ request, fields })
  return [
    ['getProject', ['demo'], /"projectName":"demo"/],
    ['listProject', [of('ListProjectRequest', { offset: 0, size: 100 })], /"projectName":"demo"/],
    ['createProject', [of('CreateProjectRequest', { projectName: 'second', description: '' })], /^$/],
    ['updateProject', ['second', of('UpdateProjectRequest', { description: 'Two' })], /^$/],
    ['deleteProject', ['second', of('DeleteProjectRequest', {})], /^$/],
    [
      'listLogStores',
      ['demo', of('ListLogStoresRequest', { offset: 0, size: 10 })],
      /"logstores":\["access"\]/
    ],
    [
      'createLogStore',
      ['demo', of('CreateLogStoreRequest', { logstoreName: 'other', ttl: 1, shardCount: 1 })],
      /^$/
    ],
    ['getLogStore', ['demo', 'other'], /"ttl":1/],
    [
      'updateLogStore',
      ['demo', 'other', of('UpdateLogStoreRequest', { logstoreName: 'other', ttl: 3 })],
      /^$/
    ],
    ['deleteLogStore', ['demo', 'other'], /^$/],
    ['createIndex', ['demo', 'access', of('CreateIndexRequest', { body: of('Index', { ttl: 3 }) })], /^$/],
    ['getIndex', ['demo', 'access'], /"storage":"pg"/],
    ['updateIndex', ['demo', 'access', of('UpdateIndexRequest', { body: of('Index', { ttl: 5 }) })], /^$/],
    ['deleteIndex', ['demo', 'access'], /^$/],
    [
      'getCursor',
      ['demo', 'access', 0, of('GetCursorRequest', { type: 'cursor', from: 'begin' })],
      /"cursor":"/
    ],
    [
      'getCursorTime',
      ['demo', 'access', 0, () => of('GetCursorTimeRequest', { cursor: cursor() })],
      /"cursorTime":"\d+"/
    ],
    ['getLogs', ['demo', 'access', of('GetLogsRequest', { ...range, line: 2 })], /"level":"ERROR"/],
    ['getLogsV2', ['demo', 'access', of('GetLogsV2Request', { ...range, line: 2 })], /"level":"ERROR"/],
    ['getHistograms', ['demo', 'access', of('GetHistogramsRequest', range)], /"count":1/],
    ['listShards', ['demo', 'access'], /"shardID":1/],
    [
      'splitShard',
      ['demo', 'access', 0, of('SplitShardRequest', { key: `4${'0'.repeat(31)}` })],
      /"shardID":3/
    ],
    ['mergeShard', ['demo', 'access', 2], /"shardID":4/],
    [
      'createConsumerGroup',
      ['demo', 'access', of('CreateConsumerGroupRequest', { consumerGroup: 'g', timeout: 60, order: true })],
      /^$/
    ],
    [
      'updateConsumerGroup',
      ['demo', 'access', 'g', of('UpdateConsumerGroupRequest', { timeout: 30, order: false })],
      /^$/
    ],
    ['listConsumerGroup', ['demo', 'access'], /"name":"g","order":false,"timeout":30/],
    [
      'consumerGroupHeartBeat',
      ['demo', 'access', 'g', of('ConsumerGroupHeartBeatRequest', { consumer: 'c', body: [] })],
      /^\[0,1,2,3,4\]$/
    ],
    [
      'consumerGroupUpdateCheckPoint',
      [
        'demo',
        'access',
        'g',
        () =>
          of('ConsumerGroupUpdateCheckPointRequest', {
            consumer: 'c',
            forceSuccess: false,
            shard: 0,
            checkpoint: cursor()
          })
      ],
      /^$/
    ],
    ['getCheckPoint', ['demo', 'access', 'g', of('GetCheckPointRequest', { shard: 0 })], /"consumer":"c"/],
    ['deleteConsumerGroup', ['demo', 'access', 'g'], /^$/]
  ]
}

/** In the place of dns.lookup, with options or without. */
function local(_host: string, options: unknown, found?: unknown): void {
  const answer = (found ?? options) as (error: null, address: unknown, family?: number) => void
  const all = typeof options === 'object' && options !== null && 'all' in options && options.all === true
  if (all) answer(null, [{ address: '127.0.0.1', family: 4 }])
  else answer(null, '127.0.0.1', 4)
}

describe('@alicloud/sls20201230, unmodified', () => {
  const lookup = dns.lookup
  let emulator: SlsEmulator
  before(() => Object.assign(dns, { lookup: local }))
  beforeEach(async () => {
    emulator = await SlsEmulator.start({ logstores: ['access:2'] })
  })
  afterEach(() => emulator.close())
  after(() => Object.assign(dns, { lookup }))

  for (const signatureVersion of ['v1', 'v4']) {
    it(`makes every call that works in it at all, signature ${signatureVersion}`, async () => {
      const { accessKeyId, accessKeySecret, port } = emulator
      const key = { accessKeyId, accessKeySecret, regionId: 'cn-hangzhou' }
      const client = new sdk.default(
        new $OpenApiUtil.Config({ ...key, endpoint: `127.0.0.1:${port}`, protocol: 'http', signatureVersion })
      )
      const now = Math.floor(Date.now() / 1000)
      const agent = localAgent()
      const logs = [{ content: { level: 'ERROR' }, timestamp: now }]
      await sdkFor(emulator).postLogStoreLogs('demo', 'access', { logs }, { agent })
      agent.destroy()
      let cursor = ''
      for (const [name, args, expected] of calls(now, () => cursor)) {
        const method = client[name]
        assert.ok(method !== undefined, name)
        const { statusCode, body } = await method.apply(
          client,
          args.map((arg) => build(arg))
        )
        assert.equal(statusCode, 200, name)
        assert.match(JSON.stringify(body) ?? '', expected, `${name}: ${JSON.stringify(body)}`)
        if (name === 'getCursor') cursor = (body as { cursor: string }).cursor
      }
      await assert.rejects(client['getLogStore']?.('demo', 'nowhere') ?? Promise.resolve(), {
        code: 'LogStoreNotExist'
      })
    })
  }

  it('is documented call by call', () => {
    const text = readFileSync(path.resolve('docs/emulator.md'), 'utf8')
    const section = text.split('### What `@alicloud/sls20201230` can do here')[1]?.split(/\n##/)[0] ?? ''
    const documented = [...section.matchAll(/^\| `(\w+)` \| yes/gm)].map(([, name]) => name)
    assert.deepEqual(
      documented,
      calls(0, () => '').map(([name]) => name)
    )
  })
})

/** Makes the request objects that the SDK wants, from the inside out. */
function build(arg: unknown): unknown {
  if (typeof arg === 'function') return build((arg as () => unknown)())
  if (typeof arg !== 'object' || arg === null || !('request' in arg) || !('fields' in arg)) return arg
  const { request, fields } = arg as { request: string; fields: Record<string, unknown> }
  const Request = sdk[request]
  assert.ok(Request !== undefined, request)
  return new Request(Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, build(value)])))
}
