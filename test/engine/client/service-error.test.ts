import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import fc from 'fast-check'
import type { SlsClient } from '../../../engine/client/client'
import type { Retryability } from '../../../engine/client/errors'
import { runs } from '../../support/counts'
import { rejection, requestId, respond, StubServer } from './stub-server'

describe('An error of the service', () => {
  let stub: StubServer
  let sls: SlsClient

  beforeEach(async () => {
    stub = await StubServer.start()
    sls = stub.client()
  })

  afterEach(async () => {
    sls.close()
    await stub.close()
  })

  const put = (client = sls) =>
    rejection(client.putLogs({ logstore: 'access', body: Buffer.from('x'), rawSize: 1, compression: 'none' }))

  function refuse(status: number, body: unknown, headers: Record<string, string> = {}): void {
    stub.answer = (_request, response) => respond(response, body, status, headers)
  }

  it('bears code, status, request id and message', async () => {
    refuse(404, { errorCode: 'LogStoreNotExist', errorMessage: 'logstore access does not exist' })
    const error = await put()
    assert.deepEqual(
      [error.code, error.status, error.requestId, error.message],
      ['LogStoreNotExist', 404, requestId, 'PutLogs: logstore access does not exist']
    )
  })

  it('is none of a success, although it has the status of one', async () => {
    refuse(200, { errorCode: 'InternalServerError', errorMessage: 'try again' })
    const update = { logstore: 'access', group: 'readers', shard: 0, cursor: 'MTA=', force: true }
    for (const error of [await put(), await rejection(sls.updateCheckpoint(update))]) {
      assert.deepEqual([error.code, error.retryability], ['BadResponse', 'transient'])
    }
  })

  it('is read in every form that services and gateways send', async () => {
    const forms: unknown[] = [
      { errorCode: 'ServerBusy', errorMessage: 'busy' },
      { errorCode: 'ServerBusy', errorMessage: 'busy', accessDeniedDetail: {}, requestId: 'inner' },
      { error_code: 'SLSServerBusy', error_message: 'busy' },
      { Error: { Code: 'ServerBusy', Message: 'busy', RequestId: 'inner' } }
    ]
    for (const form of forms) {
      refuse(503, form)
      const error = await put()
      assert.deepEqual(
        [error.code, error.message, error.retryability],
        ['ServerBusy', 'PutLogs: busy', 'transient']
      )
    }
  })

  it('takes the request id of the body where the header has none', async () => {
    stub.answer = (_request, response) => {
      response.writeHead(503)
      response.end(JSON.stringify({ Error: { Code: 'ServerBusy', Message: 'busy', RequestId: 'inner' } }))
    }
    assert.equal((await put()).requestId, 'inner')
  })

  it('is retried according to what may change', async () => {
    const kinds: [number, string, Retryability][] = [
      [400, 'ParameterInvalid', 'never'],
      [400, 'InvalidCursor', 'never'],
      [400, 'ConsumerGroupAlreadyExist', 'never'],
      [400, 'RequestTimeTooSkewed', 'ordinary'],
      [400, 'RequestTimeExpired', 'ordinary'],
      [400, 'PostBodyInvalid', 'never'],
      [499, 'PostBodyInvalid', 'never'],
      [413, 'PostBodyTooLarge', 'never'],
      [401, 'Unauthorized', 'ordinary'],
      [401, 'SignatureNotMatch', 'ordinary'],
      [403, 'WriteQuotaExceed', 'transient'],
      [403, 'ShardWriteQuotaExceed', 'transient'],
      [403, 'ReadQuotaExceed', 'transient'],
      [403, 'ShardReadQuotaExceed', 'transient'],
      [403, 'ExceedQuota', 'transient'],
      [403, 'ProjectForbidden', 'ordinary'],
      [404, 'ProjectNotExist', 'ordinary'],
      [404, 'LogStoreNotExist', 'ordinary'],
      [404, 'ConsumerGroupNotExist', 'ordinary'],
      [405, 'InvalidMethod', 'ordinary'],
      [408, 'RequestTimeout', 'transient'],
      [429, 'TooManyRequests', 'transient'],
      [500, 'InternalServerError', 'transient'],
      [501, 'NotImplemented', 'transient'],
      [503, 'ServerBusy', 'transient']
    ]
    for (const [status, errorCode, retryability] of kinds) {
      refuse(status, { errorCode, errorMessage: '' })
      const error = await put()
      assert.deepEqual([error.code, error.retryability], [errorCode, retryability])
    }
  })

  it('is never taken for success, whatever a gateway sends in its place', async () => {
    const answers: [number, string, Retryability][] = [
      [502, '<html><head><title>502</title></head><body>Bad Gateway</body></html>', 'transient'],
      [503, '', 'transient'],
      [504, '{"error":', 'transient'],
      [500, '[]', 'transient'],
      [403, '<html>blocked</html>', 'ordinary'],
      [400, 'nonsense', 'never'],
      [302, '', 'ordinary']
    ]
    for (const [status, body, retryability] of answers) {
      refuse(status, body, { 'content-type': 'text/html' })
      const error = await put()
      assert.deepEqual(
        [error.code, error.status, error.retryability],
        ['BadResponse', status, retryability],
        body
      )
      assert.doesNotMatch(error.message, /</)
    }
  })

  it('is seen in a 200 without request id: a log-in page has accepted no log', async () => {
    stub.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end('<html>please sign in</html>')
    }
    const error = await put()
    assert.deepEqual([error.code, error.retryability], ['BadResponse', 'transient'])
  })

  describe('says what to do:', () => {
    const denied =
      'denied by sts or ram, action: log:PostLogStoreLogs, resource: acs:log:cn-hangzhou:1:project/demo/logstore/access'
    const hints: [number, string, string, RegExp][] = [
      [
        401,
        'Unauthorized',
        denied,
        /RAM action log:PostLogStoreLogs on acs:log:cn-hangzhou:1:project\/demo\/logstore\/access/
      ],
      [401, 'Unauthorized', 'no authority', /RAM action log:PostLogStoreLogs to the access key/],
      [401, 'SignatureNotMatch', 'signature x not match', /access key secret/],
      [401, 'SecurityToken.Expired', '', /temporary credentials/],
      [404, 'LogStoreNotExist', '', /logstore "access" in the project "demo"/],
      [404, 'LogstoreNotExists', '', /logstore "access" in the project "demo"/],
      [404, 'ProjectNotExist', '', /project "demo"/],
      [404, 'ProjectNotExists', '', /project "demo"/],
      [403, 'ShardWriteQuotaExceed', '', /[Ss]plit the shards/],
      [400, 'RequestTimeTooSkewed', '', /clock/],
      [403, 'ProjectQuotaExceed', '', /quota/]
    ]
    for (const [status, errorCode, errorMessage, expected] of hints) {
      it(`${errorCode} (${expected.source})`, async () => {
        refuse(status, { errorCode, errorMessage })
        const error = await put()
        assert.match(error.hint ?? '', expected)
        assert.match(error.describe(), expected)
      })
    }

    it('the action that the call needs', async () => {
      refuse(401, { errorCode: 'Unauthorized', errorMessage: '' })
      const actions: [Promise<unknown>, string][] = [
        [sls.pullLogs({ logstore: 'a', shard: 0, cursor: 'x', count: 1 }), 'log:GetCursorOrData'],
        [sls.listShards('a'), 'log:ListShards'],
        [sls.heartbeat('a', 'g', 'c', []), 'log:ConsumerGroupHeartBeat'],
        [
          sls.updateCheckpoint({ logstore: 'a', group: 'g', shard: 0, cursor: 'x', force: true }),
          'log:ConsumerGroupUpdateCheckPoint'
        ]
      ]
      for (const [call, action] of actions)
        assert.match((await rejection(call)).hint ?? '', new RegExp(action))
    })

    it('the consumer group that is missing', async () => {
      refuse(404, { errorCode: 'ConsumerGroupNotExist', errorMessage: '' })
      assert.match(
        (await rejection(sls.getCheckpoints('access', 'g1'))).hint ?? '',
        /consumer group "g1" of the logstore "access"/
      )
    })
  })

  it('holds no secret, even where the server sends back all that it was sent', async () => {
    const key = fc.stringMatching(/^[!-~]{12,40}$/)
    const texts = fc.tuple(fc.string(), fc.string())
    const status = fc.constantFrom(200, 302, 400, 401, 403, 404, 500, 502)
    await fc.assert(
      fc.asyncProperty(
        key,
        key,
        texts,
        status,
        fc.boolean(),
        async (accessKeySecret, securityToken, [a, b], code, json) => {
          const client = stub.client({ credentials: { accessKeyId: 'id', accessKeySecret, securityToken } })
          stub.answer = (request, response) => {
            const echo = `${a} ${accessKeySecret} ${b} ${securityToken} ${JSON.stringify(request.headers)}`
            const body = json
              ? { errorCode: `E${echo}`, errorMessage: echo, requestId: echo }
              : `<html>${echo}</html>`
            response.writeHead(code, { 'content-type': json ? 'application/json' : 'text/html' })
            response.end(typeof body === 'string' ? body : JSON.stringify(body))
          }
          const error = await put(client)
          client.close()
          for (const text of [
            error.describe(),
            error.message,
            inspect(error, { depth: 10 }),
            JSON.stringify(error)
          ]) {
            assert.ok(!text.includes(accessKeySecret), `secret in ${text}`)
            assert.ok(!text.includes(securityToken), `token in ${text}`)
          }
        }
      ),
      { numRuns: runs(60, 1000) }
    )
  })
})

describe('The clock of the client', () => {
  it('is corrected by the time of the service when that refuses a call for its time', async () => {
    for (const source of ['x-log-time', 'date'] as const) {
      for (const errorCode of ['RequestTimeTooSkewed', 'RequestTimeExpired']) {
        const stub = await StubServer.start()
        const here = Date.UTC(2023, 0, 1)
        const there = Date.UTC(2023, 0, 1, 5)
        const sls = stub.client({ clock: () => here })
        stub.answer = (request, response) => {
          const headers =
            source === 'date'
              ? { date: new Date(there).toUTCString() }
              : { 'x-log-time': String(there / 1000), date: new Date(0).toUTCString() }
          if (request.headers.date === new Date(there).toUTCString()) return respond(response)
          return respond(response, { errorCode, errorMessage: 'clock' }, 400, headers)
        }
        const error = await rejection(sls.listShards('access'))
        assert.deepEqual([error.code, error.retryability], [errorCode, 'ordinary'])
        assert.equal(sls.stats().clockOffset, there - here)
        assert.deepEqual(await sls.listShards('access'), [])
        sls.close()
        await stub.close()
      }
    }
  })

  it('stays as it is where the answer has no time that can be read', async () => {
    const stub = await StubServer.start()
    const sls = stub.client()
    stub.answer = (_request, response) =>
      respond(response, { errorCode: 'RequestTimeExpired', errorMessage: '' }, 400, {
        date: 'some day',
        'x-log-time': 'now'
      })
    await rejection(sls.listShards('access'))
    assert.equal(sls.stats().clockOffset, 0)
    sls.close()
    await stub.close()
  })
})
