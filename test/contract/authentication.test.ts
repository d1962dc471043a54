import assert from 'node:assert/strict'
import { type Logstore, logGroup } from './logstore'
import { serviceOfSuite } from './service'
import type { CallRequest } from './support/calls'
import { encodeLogGroup } from './support/log-groups'
import { accepted, type Reply, refused } from './support/reply'
import type { Scheme } from './support/signature'
import { unproven } from './support/unproven'

const MINUTE = 60_000
const UNKNOWN_KEY = ['Unauthorized', 'InvalidAccessKeyId', 'InvalidAccessKeyId.NotFound']
const BAD_TOKEN = [...UNKNOWN_KEY, 'SecurityToken.Expired', 'SecurityTokenExpired', 'SignatureNotMatch']
const OUT_OF_TIME = ['RequestTimeTooSkewed', 'RequestTimeExpired', 'InvalidRequestTime']
const NO_KEY = ['ParameterInvalid', 'MissAccessKeyId', 'MissingParameter', 'Unauthorized']

/** Whatever the call came to, its signature was good. */
function authenticated(reply: Reply): void {
  if (reply.status !== 200) refused(reply, 400, 'ParameterInvalid')
}

describe('Contract: authentication', () => {
  const service = serviceOfSuite()
  let logstore: Logstore
  before(async () => {
    logstore = await service.createLogstore()
  })

  const list = (call: Partial<CallRequest> = {}) =>
    service.call({ path: '/logstores', query: { offset: 0, size: 10 }, ...call })
  const write = (call: Partial<CallRequest> = {}) => {
    const body = encodeLogGroup(logGroup('signed'))
    const headers = { 'content-type': 'application/x-protobuf', ...call.headers }
    return service.call({ method: 'POST', path: `${logstore.path}/shards/lb`, body, ...call, headers })
  }

  const schemes: [name: string, scheme: () => Scheme][] = [
    ['V1', () => ({ version: 'v1' })],
    ['V4', () => ({ version: 'v4', region: service.target.region })]
  ]

  for (const [name, scheme] of schemes) {
    describe(`with signature ${name}`, () => {
      it('takes a call without a body', async () => {
        accepted(await list({ scheme: scheme() }))
      })

      it('takes a call with a body', async () => {
        accepted(await write({ scheme: scheme() }))
      })

      it('takes a query with spaces, Chinese, slashes and empty values', async () => {
        const query = { logstoreName: "a b/c=d&日志 +*~'()!", offset: 0, size: 10, mode: '' }
        authenticated(await list({ scheme: scheme(), query }))
      })

      it('takes query parameters in any order on the wire', async () => {
        const query = { size: 10, offset: 0, logstoreName: 'x' }
        accepted(await list({ scheme: scheme(), query, inTransit: (request) => request.query.reverse() }))
      })

      it('takes more x-log- headers, as long as they are signed', async () => {
        accepted(await list({ scheme: scheme(), headers: { 'x-log-contract': ' spaces around ' } }))
      })

      it('refuses a wrong secret as SignatureNotMatch, and names the signature', async () => {
        const credentials = { ...service.target.credentials, accessKeySecret: 'not-the-secret' }
        const reply = await list({ scheme: scheme(), credentials })
        refused(reply, 401, 'SignatureNotMatch', /^signature \S+ not match/i)
      })

      it('refuses an access key that it does not know', async () => {
        const credentials = { accessKeyId: 'LTAInosuchkeyid00000000', accessKeySecret: 'secret' }
        refused(await list({ scheme: scheme(), credentials }), 401, UNKNOWN_KEY)
      })

      it('refuses a query that was changed on the way as SignatureNotMatch', async () => {
        const reply = await list({
          scheme: scheme(),
          inTransit: (request) => {
            request.query = [['offset', '1'], ...request.query.slice(1)]
          }
        })
        refused(reply, 401, 'SignatureNotMatch')
      })

      it('refuses another method than the signed one as SignatureNotMatch', async () => {
        const reply = await service.call({
          scheme: scheme(),
          path: logstore.path,
          inTransit: (request) => {
            request.method = 'DELETE'
          }
        })
        refused(reply, 401, 'SignatureNotMatch')
      })

      it('refuses an x-log- header that was added on the way as SignatureNotMatch', async () => {
        const reply = await list({
          scheme: scheme(),
          inTransit: (request) => {
            request.headers['x-log-added'] = 'later'
          }
        })
        refused(reply, 401, 'SignatureNotMatch')
      })

      for (const [minutes, words] of [
        [-20, 'twenty minutes slow'],
        [20, 'twenty minutes fast']
      ] as const) {
        it(`refuses a clock that is ${words}`, async () => {
          refused(await list({ scheme: scheme(), clockError: minutes * MINUTE }), 400, OUT_OF_TIME)
        })
      }

      for (const minutes of [-10, 10]) {
        it(`bears with a clock that is ${Math.abs(minutes)} minutes ${minutes < 0 ? 'slow' : 'fast'}`, async () => {
          accepted(await list({ scheme: scheme(), clockError: minutes * MINUTE }))
        })
      }

      it('refuses a body that was changed on the way', async () => {
        const reply = await write({
          scheme: scheme(),
          inTransit: (request) => {
            request.body = encodeLogGroup(logGroup('forged'))
          }
        })
        assert.ok(reply.status === 400 || reply.status === 401, String(reply))
      })

      unproven('calls a digest that is not the body’s ParameterInvalid', async () => {
        const reply = await write({
          scheme: scheme(),
          inTransit: (request) => {
            request.body = encodeLogGroup(logGroup('forged'))
          }
        })
        refused(reply, 400, 'ParameterInvalid')
      })
    })
  }

  describe('with V1 only', () => {
    it('takes the time of x-log-date in place of Date, as the Python SDK sends it', async () => {
      const date = new Date().toUTCString()
      accepted(await list({ headers: { date, 'x-log-date': date } }))
    })

    it('refuses a time that it cannot read', async () => {
      refused(await list({ headers: { date: 'yesterday' } }), 400, ['InvalidDateFormat', ...OUT_OF_TIME])
    })

    for (const [header, codes] of [
      ['date', ['MissingDate', 'InvalidDateFormat', ...OUT_OF_TIME]],
      ['x-log-apiversion', ['MissingAPIVersion', 'InvalidAPIVersion']],
      ['x-log-signaturemethod', ['MissingSignatureMethod', 'InvalidSignatureMethod']]
    ] as const) {
      it(`refuses a call without ${header}`, async () => {
        refused(await list({ headers: { [header]: undefined } }), 400, codes)
      })
    }

    it('refuses an unknown signature method as InvalidSignatureMethod', async () => {
      const headers = { 'x-log-signaturemethod': 'hmac-md5' }
      refused(await list({ headers }), 400, 'InvalidSignatureMethod')
    })

    it('refuses an unknown version of the interface as InvalidAPIVersion', async () => {
      refused(await list({ headers: { 'x-log-apiversion': '9.9.9' } }), 400, 'InvalidAPIVersion')
    })

    unproven('takes HMAC-SHA256, as the OpenAPI SDK signs', async () => {
      accepted(await list({ scheme: { version: 'v1', algorithm: 'sha256' } }))
    })
  })

  describe('with V4 only', () => {
    const scheme = (): Scheme => ({ version: 'v4', region: service.target.region })

    it('needs no Date', async () => {
      accepted(await list({ scheme: scheme(), headers: { date: undefined } }))
    })

    it('signs the host: another one does not match', async () => {
      const reply = await list({
        scheme: scheme(),
        inTransit: (request) => {
          request.headers['host'] = `${request.headers['host']?.split(':')[0]}:1`
        }
      })
      refused(reply, 401, 'SignatureNotMatch')
    })

    it('refuses a scope of another day than the call’s', async () => {
      const reply = await list({
        scheme: scheme(),
        inTransit: ({ headers }) => {
          headers['authorization'] = headers['authorization']?.replace(/\/\d{8}\//, '/20200101/')
        }
      })
      assert.ok(reply.status === 400 || reply.status === 401, String(reply))
    })

    it('refuses a call without x-log-date', async () => {
      const reply = await list({
        scheme: scheme(),
        inTransit: ({ headers }) => {
          delete headers['x-log-date']
        }
      })
      assert.ok(reply.status === 400 || reply.status === 401, String(reply))
    })
  })

  for (const [name, scheme] of schemes) {
    describe(`with an STS token and signature ${name}`, () => {
      const sts = serviceOfSuite({ sts: true })
      const listWith = (call: Partial<CallRequest> = {}) =>
        sts.call({ path: '/logstores', query: { offset: 0, size: 10 }, scheme: scheme(), ...call })

      it('takes a call that bears and signs the token', async () => {
        accepted(await listWith())
      })

      it('refuses the key without its token', async () => {
        const credentials = { ...sts.target.credentials, securityToken: undefined }
        refused(await listWith({ credentials }), 401, BAD_TOKEN)
      })

      it('refuses the key with another token', async () => {
        const credentials = { ...sts.target.credentials, securityToken: 'CAIS-of-somebody-else' }
        refused(await listWith({ credentials }), 401, BAD_TOKEN)
      })

      it('refuses a token that was put in on the way, unsigned', async () => {
        const { accessKeyId, accessKeySecret, securityToken } = sts.target.credentials
        const reply = await listWith({
          credentials: { accessKeyId, accessKeySecret },
          inTransit: ({ headers }) => {
            headers['x-acs-security-token'] = securityToken
          }
        })
        refused(reply, 401, 'SignatureNotMatch')
      })
    })
  }

  describe('without a signature', () => {
    it('refuses an anonymous call', async () => {
      refused(await list({ scheme: { version: 'none' } }), [400, 401], NO_KEY)
    })

    unproven('calls it ParameterInvalid: the authorization pair is invalid', async () => {
      refused(await list({ scheme: { version: 'none' } }), 400, 'ParameterInvalid', /authorization/i)
    })

    for (const authorization of ['LOG', 'LOG no-colon', 'Bearer token', 'SLS4-HMAC-SHA256 Credential=x']) {
      it(`refuses "${authorization}" as an authorization`, async () => {
        refused(await list({ headers: { authorization } }), [400, 401], NO_KEY)
      })
    }

    it('stores nothing of an anonymous write', async () => {
      const end = await logstore.cursor(0, 'end')
      refused(await write({ scheme: { version: 'none' } }), [400, 401], NO_KEY)
      await logstore.read(0, end, 0)
    })
  })
})
