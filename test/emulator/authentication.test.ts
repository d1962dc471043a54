import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { authenticate } from '../../emulator/auth/authenticate'
import { EmulatorRequest } from '../../emulator/http/request'
import { parseTarget } from '../../emulator/http/target'
import { type RawRequest, refusalOf } from './raw-client'
import { encodeGroup, groupOf, NOW, World } from './world'

const QUARTER_HOUR = 15 * 60 * 1000

describe('authentication', () => {
  const world = new World()
  const call: RawRequest = { target: '/logstores/access/shards' }
  const put: RawRequest = {
    method: 'POST',
    target: '/logstores/access',
    headers: { 'content-type': 'application/x-protobuf' },
    body: encodeGroup(groupOf('x'))
  }

  it('accepts a call that is signed with the key', async () => {
    assert.equal((await world.client.send(call)).status, 200)
    assert.equal((await world.client.send(put)).status, 200)
  })

  it('accepts hmac-sha256 under the older scheme', async () => {
    const date = new Date(NOW).toUTCString()
    const text = `GET\n\n\n${date}\nx-log-apiversion:0.6.0\nx-log-signaturemethod:hmac-sha256\n${call.target}`
    const signature = createHmac('sha256', world.emulator.accessKeySecret).update(text).digest('base64')
    const headers = {
      date,
      'x-log-signaturemethod': 'hmac-sha256',
      authorization: `LOG ${world.emulator.accessKeyId}:${signature}`
    }
    assert.equal((await world.client.send({ ...call, headers })).status, 200)
  })

  for (const [what, headers, code] of [
    ['no Authorization', { authorization: '' }, '400 ParameterInvalid'],
    ['another scheme', { authorization: 'Bearer abc' }, '400 ParameterInvalid'],
    ['no signature', { authorization: 'LOG abc' }, '400 ParameterInvalid'],
    ['an unknown key', { authorization: 'LOG nobody:c2lnbmF0dXJl' }, '401 Unauthorized'],
    ['a half V4 credential', { authorization: 'SLS4-HMAC-SHA256 Credential=a/b' }, '400 ParameterInvalid'],
    ['no version', { 'x-log-apiversion': '' }, '400 MissingAPIVersion'],
    ['an unknown version', { 'x-log-apiversion': '9.9.9' }, '400 InvalidAPIVersion'],
    ['no method', { 'x-log-signaturemethod': '' }, '400 MissingSignatureMethod'],
    ['an unknown method', { 'x-log-signaturemethod': 'hmac-md5' }, '400 InvalidSignatureMethod'],
    ['no date', { date: '' }, '400 MissingDate'],
    ['a date of another form', { date: '2026-01-15T12:00:00Z' }, '400 InvalidDateFormat']
  ] as const) {
    it(`refuses a call with ${what}`, async () => {
      assert.equal(await world.client.refusal({ ...call, headers }), code)
    })
  }

  it('says which signature did not match', async () => {
    const headers = { authorization: `LOG ${world.emulator.accessKeyId}:d3Jvbmc=` }
    const answer = await world.client.send({ ...call, headers })
    assert.equal(refusalOf(answer), '401 SignatureNotMatch')
    assert.match(answer.body.toString(), /signature d3Jvbmc= not match/)
  })

  it('refuses a body that is not the one of Content-MD5', async () => {
    const answer = await world.client.send({
      ...put,
      headers: { ...put.headers, 'content-md5': '0'.repeat(32) }
    })
    assert.equal(refusalOf(answer), '400 ParameterInvalid')
    assert.match(answer.body.toString(), /Content-MD5/)
  })

  for (const [off, accepted] of [
    [QUARTER_HOUR, true],
    [-QUARTER_HOUR, true],
    [QUARTER_HOUR + 1000, false],
    [-QUARTER_HOUR - 1000, false]
  ] as const) {
    it(`${accepted ? 'accepts' : 'refuses'} a clock that is ${off / 1000} s off`, async () => {
      const answer = await world.client.send({ ...call, now: NOW + off })
      if (accepted) assert.equal(answer.status, 200)
      else assert.equal(refusalOf(answer), '400 RequestTimeTooSkewed')
    })
  }

  it('takes x-log-date in the place of Date', async () => {
    const old = new Date(NOW - 10 * QUARTER_HOUR).toUTCString()
    const headers = { date: old, 'x-log-date': new Date(NOW).toUTCString() }
    assert.equal((await world.client.send({ ...call, headers })).status, 200)
  })

  it('takes any security token that is signed', async () => {
    assert.equal(
      (await world.client.send({ ...call, headers: { 'x-acs-security-token': 'token' } })).status,
      200
    )
  })

  it('wants its own security token where it has one', async () => {
    await world.stop()
    await world.start({ securityToken: 'token' })
    assert.equal(
      (await world.client.send({ ...call, headers: { 'x-acs-security-token': 'token' } })).status,
      200
    )
    assert.equal(
      await world.client.refusal({ ...call, headers: { 'x-acs-security-token': 'old' } }),
      '401 Unauthorized'
    )
    assert.equal(await world.client.refusal(call), '401 Unauthorized')
  })

  it('comes before everything else', async () => {
    const headers = { authorization: '' }
    assert.equal(await world.client.refusal({ target: '/nowhere', headers }), '400 ParameterInvalid')
    assert.equal(await world.client.refusal({ target: '/nowhere' }), '404 BadRequest')
    assert.equal(await world.client.refusal({ ...call, method: 'PATCH' }), '405 InvalidMethod')
  })

  describe('of the newer scheme', () => {
    const dateTime = '20260115T120000Z'
    const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
    const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex')

    function signed(
      changes: { day?: string; region?: string; date?: string; digest?: string } = {}
    ): RawRequest {
      const {
        day = dateTime.slice(0, 8),
        region = 'cn-hangzhou',
        date = dateTime,
        digest = sha256('')
      } = changes
      const host = 'demo.cn-hangzhou.log.aliyuncs.com'
      const headers = {
        host,
        'x-log-apiversion': '0.6.0',
        'x-log-content-sha256': digest,
        'x-log-date': date
      }
      const canonical = [
        'GET',
        call.target,
        '',
        ...Object.entries(headers).map(([name, value]) => `${name}:${value}`),
        '',
        Object.keys(headers).join(';'),
        digest
      ].join('\n')
      const scope = `${day}/${region}/sls/aliyun_v4_request`
      const text = `SLS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`
      const key = [day, region, 'sls', 'aliyun_v4_request'].reduce<Buffer>(
        (previous, part) => hmac(previous, part),
        Buffer.from(`aliyun_v4${world.emulator.accessKeySecret}`)
      )
      const signature = hmac(key, text).toString('hex')
      const authorization = `SLS4-HMAC-SHA256 Credential=${world.emulator.accessKeyId}/${scope},Signature=${signature}`
      return { ...call, host, headers: { ...headers, authorization } }
    }

    /** Without the headers of the older scheme, which would be signed too. */
    function send({ target, headers = {} }: RawRequest) {
      return world.client.exchange('GET', target, headers, Buffer.alloc(0))
    }

    it('accepts what is signed with the key, in any region', async () => {
      for (const region of ['cn-hangzhou', 'eu-central-1', '']) {
        assert.equal((await send(signed({ region }))).status, 200, region)
      }
    })

    for (const [what, changes, code] of [
      ['the day of another date', { day: '20260114' }, '401 SignatureNotMatch'],
      ['a clock 16 minutes slow', { date: '20260115T114400Z' }, '400 RequestTimeTooSkewed'],
      ['a date of another form', { date: '2026-01-15' }, '400 InvalidDateFormat'],
      ['the digest of another body', { digest: sha256('x') }, '400 ParameterInvalid']
    ] as const) {
      it(`refuses ${what}`, async () => assert.equal(refusalOf(await send(signed(changes))), code))
    }

    it('refuses a header that was added on the way', async () => {
      const request = signed()
      const headers = { ...request.headers, 'x-log-extra': '1' }
      assert.equal(refusalOf(await send({ ...request, headers })), '401 SignatureNotMatch')
    })

    it('needs a digest and a date', async () => {
      const request = signed()
      for (const name of ['x-log-content-sha256', 'x-log-date']) {
        const headers = { ...request.headers, [name]: '' }
        assert.match(refusalOf(await send({ ...request, headers })), /400 (ParameterInvalid|MissingDate)/)
      }
    })
  })
})

interface SignatureCase {
  id: string
  input: {
    method: string
    path: string
    query: Record<string, string>
    headers: Record<string, string>
    bodyHex: string
    accessKeyId: string
    accessKeySecret: string
    securityToken: string | null
    date?: string
    dateTime?: string
  }
  expected: {
    authorization: string
    addedHeaders: Record<string, string>
    requestTargets?: Record<string, string>
  }
}

describe('signatures that foreign SDKs agree on', () => {
  for (const file of ['signature-v1.json', 'signature-v1-hmac-sha256.json', 'signature-v4.json']) {
    const text = readFileSync(path.resolve('test/fixtures/vectors', file), 'utf8')
    const { cases } = JSON.parse(text) as { cases: SignatureCase[] }
    for (const { id, input, expected } of cases) {
      const allowsDeviation = /special/.test(id) && file === 'signature-v4.json'
      it(`${file}: ${id}`, () => {
        const now = input.date === undefined ? Date.UTC(2023, 10, 14, 22, 13, 20) : Date.parse(input.date)
        const targets = Object.values(expected.requestTargets ?? { none: targetOf(input.path, input.query) })
        for (const target of targets) {
          const headers = lowerCased({
            ...input.headers,
            ...(input.date === undefined ? {} : { date: input.date }),
            ...(input.securityToken === null ? {} : { 'x-acs-security-token': input.securityToken }),
            ...expected.addedHeaders,
            authorization: expected.authorization
          })
          const request = new EmulatorRequest(
            input.method,
            parseTarget(target, headers['host']),
            headers,
            Buffer.from(input.bodyHex, 'hex'),
            ''
          )
          const { accessKeyId, accessKeySecret } = input
          authenticate(request, { accessKeyId, accessKeySecret, now, strict: !allowsDeviation })
        }
      })
    }
  }
})

function targetOf(resource: string, query: Record<string, string>): string {
  const text = new URLSearchParams(query).toString()
  return text === '' ? resource : `${resource}?${text}`
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
