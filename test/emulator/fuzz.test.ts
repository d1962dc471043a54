import assert from 'node:assert/strict'
import { connect } from 'node:net'
import fc from 'fast-check'
import { runs } from '../support/counts'
import { type RawAnswer, refusalOf } from './raw-client'
import { groupOf, keyAt, World } from './world'

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS']
const WORDS = [
  'logstores',
  'access',
  'shards',
  'consumergroups',
  'index',
  'logs',
  'lb',
  'route',
  '0',
  '1',
  '99999999999',
  '-1',
  'g1',
  'prometheus',
  '%E4%BD%A0',
  '%00',
  '..',
  'constructor',
  '__proto__'
]
const PARAMETERS = [
  'type',
  'action',
  'cursor',
  'count',
  'from',
  'to',
  'key',
  'consumer',
  'shard',
  'query',
  'forceSuccess'
]
const VALUES = [
  'log',
  'cursor',
  'cursor_time',
  'heartbeat',
  'checkpoint',
  'split',
  'merge',
  'begin',
  'MQ==',
  'histogram'
]

describe('malformed requests', function () {
  this.timeout(runs(60_000, 1_200_000))
  const world = new World({ logstores: ['access:2'] })

  beforeEach(async () => {
    await world.post('/logstores/access/consumergroups', { consumerGroup: 'g1' })
    await world.putText('x', keyAt(0))
  })

  const segment = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...WORDS) }, encoded())
  const parameter = fc.tuple(fc.constantFrom(...PARAMETERS), fc.oneof(fc.constantFrom(...VALUES), encoded()))
  const target = fc
    .tuple(fc.array(segment, { maxLength: 6 }), fc.array(parameter, { maxLength: 4 }))
    .map(
      ([path, query]) =>
        `/${path.join('/')}${query.length === 0 ? '' : `?${query.map((pair) => pair.join('=')).join('&')}`}`
    )
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text))
  )
  const headers = fc.record(
    {
      'content-type': fc.constantFrom('application/json', 'application/x-protobuf', 'text/plain'),
      'x-log-compresstype': fc.constantFrom('lz4', 'deflate', 'zstd', 'x'),
      'x-log-bodyrawsize': fc.constantFrom('0', '5', '100', '10485760', '99999999999', '-1', 'x'),
      'x-log-mode': fc.constant('batch_group'),
      'accept-encoding': fc.constantFrom('lz4', 'br')
    },
    { requiredKeys: [] }
  )

  it('with a valid signature get an answer or a refusal in the service’s form, never a failure', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...METHODS),
        target,
        headers,
        body,
        async (method, path, more, bytes) => {
          const answer = await world.client.send({ method, target: path, headers: more, body: bytes })
          inForm(answer, method)
        }
      ),
      { numRuns: runs(600, 40_000) }
    )
    await stillServes()
  })

  it('without one are refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...METHODS),
        target,
        fc.string({ maxLength: 30 }),
        async (method, path, secret) => {
          const authorization = `LOG ${encodeURIComponent(secret)}`
          const answer = await world.client.send({ method, target: path, headers: { authorization } })
          if (method === 'HEAD') assert.ok(answer.status >= 400 && answer.status < 500)
          else assert.match(refusalOf(answer), /^4\d\d /)
        }
      ),
      { numRuns: runs(300, 20_000) }
    )
    await stillServes()
  })

  it('with a damaged body are refused or stored whole, never stored in part', async () => {
    const valid = Buffer.from(
      '0a2a08808080cb0612100a046b657931120876616c75652d2d3112100a046b657932120876616c75652d2d32',
      'hex'
    )
    await world.stop()
    await world.start({ checkLogTime: false, logstores: ['access:1'] })
    let stored = 0
    await fc.assert(
      fc.asyncProperty(fc.nat(valid.length - 1), fc.nat(255), fc.nat(3), async (at, byte, cut) => {
        const bytes = Buffer.from(valid.subarray(0, valid.length - cut))
        if (at < bytes.length) bytes[at] = byte
        const answer = await world.put(bytes)
        if (answer.status === 200) stored++
        else assert.equal(refusalOf(answer), '400 PostBodyInvalid')
      }),
      { numRuns: runs(300, 20_000) }
    )
    const [logstore] = Object.values(world.emulator.stats().projects).flatMap((project) =>
      Object.values(project)
    )
    assert.equal(logstore?.shards[0]?.groups, stored)
    const { groups } = await world.pull(0, await world.cursor(0, 'begin'), { parameters: 'count=1' })
    assert.equal(groups.length, 1)
  })

  it('that are hardly HTTP are refused too', async () => {
    const line = fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom(
          'GET / HTTP/9.9\r\n\r\n',
          'GET /\r\n\r\n',
          'POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n',
          'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
          'GET http:// HTTP/1.1\r\nHost: \r\n\r\n',
          'GET * HTTP/1.1\r\nHost: a\r\n\r\n',
          'GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n',
          'GET / HTTP/1.1\r\nHost: a\r\nExpect: nothing\r\nAuthorization: x\r\n\r\n'
        )
        .map((text) => Buffer.from(text))
    )
    await fc.assert(
      fc.asyncProperty(line, async (bytes) => {
        const answer = await rawExchange(world.emulator.port, bytes)
        if (answer === '') return
        assert.match(answer, /^HTTP\/1\.1 4\d\d /, JSON.stringify(bytes.toString('latin1')))
        assert.match(answer, /x-log-requestid: [0-9A-F]{24}/i)
        assert.match(answer, /"errorCode":"\w+","errorMessage":"/)
      }),
      { numRuns: runs(300, 20_000) }
    )
    await stillServes()
  })

  async function stillServes(): Promise<void> {
    assert.equal((await world.put(groupOf('alive'), { target: '/logstores/access' })).status === 500, false)
    assert.equal((await world.client.send({ target: '/', host: '127.0.0.1' })).status, 200)
  }
})

/** Percent-encoded text, sometimes badly. */
function encoded(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ maxLength: 12 }).map((text) => encodeURIComponent(text)),
    fc.constantFrom('%ff', '%', '%2', '%c3%28')
  )
}

function inForm(answer: RawAnswer, method: string): void {
  assert.ok(answer.status === 200 || (answer.status >= 400 && answer.status < 500), `${answer.status}`)
  assert.match(String(answer.headers['x-log-requestid']), /^[0-9A-F]{24}$/)
  if (answer.status !== 200 && method !== 'HEAD') refusalOf(answer)
}

/** What the server says until it closes, or until nothing more comes of an unfinished request. */
function rawExchange(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes))
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    socket.on('close', () => resolve(received))
  })
}
