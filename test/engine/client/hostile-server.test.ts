import assert from 'node:assert/strict'
import net from 'node:net'
import fc from 'fast-check'
import { SlsClient } from '../../../engine/client/client'
import { SlsError } from '../../../engine/client/errors'
import { runs } from '../../support/counts'
import { requestId } from './stub-server'

const retryable = new Set(['NetworkError', 'BadResponse', 'CorruptBody', 'RequestTimeout'])

/** A whole answer to a pull, one empty log group in it. */
const pulled = Buffer.from(
  [
    'HTTP/1.1 200 OK',
    `x-log-requestid: ${requestId}`,
    'x-log-cursor: MTAw',
    'x-log-count: 1',
    'x-log-bodyrawsize: 2',
    'x-log-read-last-cursor: 99',
    'Content-Length: 2',
    '',
    '\n\0'
  ].join('\r\n'),
  'latin1'
)

describe('Against a server that sends anything', () => {
  let server: net.Server
  let sls: SlsClient
  let answer: Buffer

  before(async () => {
    server = net.createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.end(answer))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as net.AddressInfo
    sls = new SlsClient({
      endpoint: `http://127.0.0.1:${port}`,
      project: 'demo',
      credentials: { accessKeyId: 'id', accessKeySecret: 'secret' },
      requestTimeout: 2000
    })
  })

  after(async () => {
    sls.close()
    await new Promise((resolve) => server.close(resolve))
  })

  const pull = () => sls.pullLogs({ logstore: 'access', shard: 0, cursor: 'OTk=', count: 10 })

  it('the answer as it should be is read', async () => {
    answer = pulled
    const { body, nextCursor, lastCursor } = await pull()
    assert.deepEqual([body.toString('hex'), nextCursor, lastCursor], ['0a00', 'MTAw', 99n])
  })

  it('every answer that was cut short is an error that is worth a retry', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(pulled.length - 1), async (length) => {
        answer = pulled.subarray(0, length)
        const error: unknown = await pull().then(
          () => undefined,
          (reason: unknown) => reason
        )
        assert.ok(error instanceof SlsError)
        assert.deepEqual(
          [retryable.has(error.code), error.retryability],
          [true, 'transient'],
          error.describe()
        )
      }),
      { numRuns: runs(60, 1000) }
    )
  })

  it('noise is never anything but a SlsError', async () => {
    const head = fc.constantFrom(
      '',
      'HTTP/1.1 200 OK\r\n',
      `HTTP/1.1 200 OK\r\nx-log-requestid: ${requestId}\r\n\r\n`,
      'HTTP/1.1 400 X\r\n\r\n'
    )
    await fc.assert(
      fc.asyncProperty(head, fc.uint8Array({ maxLength: 200 }), async (start, noise) => {
        answer = Buffer.concat([Buffer.from(start), noise])
        for (const call of [pull(), sls.listShards('access'), sls.listConsumerGroups('access')]) {
          const error: unknown = await call.then(
            () => undefined,
            (reason: unknown) => reason
          )
          assert.ok(
            error === undefined || error instanceof SlsError,
            `${String(error)} for ${answer.toString('latin1')}`
          )
        }
      }),
      { numRuns: runs(60, 1000) }
    )
  })
})
