import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Credentials } from '../../../engine/client/access-key'
import { parseEndpoint, projectAuthority, regionOfEndpoint } from '../../../engine/client/endpoint'
import { SlsError } from '../../../engine/client/errors'
import { type ClientOptions, checkOptions } from '../../../engine/client/options'
import { runs } from '../../support/counts'

const good: ClientOptions = {
  endpoint: 'cn-hangzhou.log.aliyuncs.com',
  project: 'demo',
  credentials: { accessKeyId: 'id', accessKeySecret: 'secret' }
}

function refusal(options: Record<string, unknown>): SlsError {
  try {
    checkOptions({ ...good, ...options } as ClientOptions)
  } catch (error) {
    assert.ok(error instanceof SlsError, `not a SlsError: ${String(error)}`)
    assert.equal(error.code, 'InvalidOption')
    assert.equal(error.retryability, 'never')
    assert.ok(error.isInputError)
    return error
  }
  assert.fail('the options were accepted')
}

describe('An endpoint', () => {
  it('is https without a scheme, and keeps scheme and port where they are written', () => {
    assert.equal(parseEndpoint('cn-hangzhou.log.aliyuncs.com').url, 'https://cn-hangzhou.log.aliyuncs.com')
    assert.equal(
      parseEndpoint(' https://CN-Hangzhou.log.aliyuncs.com/ ').url,
      'https://cn-hangzhou.log.aliyuncs.com'
    )
    assert.equal(parseEndpoint('http://127.0.0.1:9000').url, 'http://127.0.0.1:9000')
    assert.deepEqual(
      [
        parseEndpoint('http://a.example').port,
        parseEndpoint('a.example').port,
        parseEndpoint('a.example:8443').port
      ],
      [80, 443, 8443]
    )
  })

  it('is connected to directly where no project name can stand before it', () => {
    for (const text of [
      'http://127.0.0.1:9000',
      'http://localhost:9000',
      'http://sls.localhost',
      'http://[::1]:9000',
      'http://emulator:9000'
    ]) {
      assert.equal(parseEndpoint(text).direct, true, text)
    }
    for (const text of ['cn-hangzhou.log.aliyuncs.com', 'http://logs.example:9000']) {
      assert.equal(parseEndpoint(text).direct, false, text)
    }
  })

  it('carries the project in the Host header, with the port where there is one', () => {
    assert.equal(projectAuthority(parseEndpoint('http://127.0.0.1:9000'), 'demo'), 'demo.127.0.0.1:9000')
    assert.equal(
      projectAuthority(parseEndpoint('https://cn-hangzhou.log.aliyuncs.com:443'), 'demo'),
      'demo.cn-hangzhou.log.aliyuncs.com'
    )
  })

  it('names its region as the Java SDK reads it', () => {
    const regions: [string, string | undefined][] = [
      ['cn-hangzhou.log.aliyuncs.com', 'cn-hangzhou'],
      ['http://cn-hangzhou-intranet.log.aliyuncs.com', 'cn-hangzhou'],
      ['cn-hangzhou-share.log.aliyuncs.com', 'cn-hangzhou'],
      ['cn-hangzhou-vpc.sls.aliyuncs.com', 'cn-hangzhou'],
      ['cn-hangzhou-vpc-share.log.aliyuncs.com', 'cn-hangzhou-vpc'],
      ['eu-central-1.sls.aliyuncs.com', 'eu-central-1'],
      ['log-global.aliyuncs.com', undefined],
      ['127.0.0.1:9000', undefined],
      ['cn-hangzhou.log.example.com', undefined],
      ['a.cn-hangzhou.log.aliyuncs.com', undefined]
    ]
    for (const [endpoint, region] of regions)
      assert.equal(regionOfEndpoint(parseEndpoint(endpoint)), region, endpoint)
  })

  it('that cannot be one is refused by name', () => {
    const wrong = [
      undefined,
      null,
      '',
      '  ',
      7,
      'ftp://a.example',
      'http://',
      'http://a b',
      'a.example/path',
      'http://u:p@a.example',
      'http://a.example?x=1',
      'http://a.example:99999',
      'http://a..example'
    ]
    for (const endpoint of wrong) {
      const error = refusal({ endpoint })
      assert.equal(error.field, 'endpoint', String(endpoint))
      assert.match(error.message, /expected a host/)
    }
  })

  it('never makes anything but an InvalidOption of arbitrary text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.webUrl()), (text) => {
        try {
          parseEndpoint(text)
        } catch (error) {
          assert.ok(error instanceof SlsError && error.code === 'InvalidOption')
        }
      }),
      { numRuns: runs(300, 5000) }
    )
  })
})

describe('Client options', () => {
  it('have the defaults that are documented', () => {
    const checked = checkOptions(good)
    assert.equal(checked.connectTimeout, 10_000)
    assert.equal(checked.requestTimeout, 60_000)
    assert.deepEqual(checked.retry, {
      maxRetries: 5,
      maxRetriesRetryable: 60,
      baseRetryBackoff: 200,
      maxRetryBackoff: 5000
    })
    assert.match(checked.userAgent, /^node-red-contrib-aliyun-sls\/\d+\.\d+\.\d+/)
  })

  it('sign with version 4 where the region is known, else with version 1', () => {
    const version = (options: Partial<ClientOptions>) =>
      checkOptions({ ...good, ...options }).signatureVersion
    assert.equal(version({}), 'v4')
    assert.equal(version({ endpoint: 'http://127.0.0.1:9000' }), 'v1')
    assert.equal(version({ endpoint: 'http://127.0.0.1:9000', region: 'cn-hangzhou' }), 'v4')
    assert.equal(version({ endpoint: 'http://127.0.0.1:9000', region: '' }), 'v1')
    assert.equal(version({ signatureVersion: 'v1' }), 'v1')
    assert.equal(version({ signatureVersion: 'v1', region: 'cn-x-acdr-ut-1' }), 'v4')
  })

  it('may name a project as the first label of the endpoint, unless the service would not have it so', () => {
    for (const [endpoint, project] of [
      ['logs.example.com', 'logs'],
      ['cn-hangzhou.log.aliyuncs.com', 'cn-hangzhou']
    ] as const) {
      assert.equal(checkOptions({ ...good, endpoint, project }).endpoint.host, endpoint)
    }
    const twice = refusal({ endpoint: 'demo.log-global.aliyuncs.com', region: 'cn-hangzhou' })
    assert.match(twice.message, /expected log-global\.aliyuncs\.com/)
  })

  it('that are missing or wrong are refused by name', () => {
    const wrong: [Record<string, unknown>, string][] = [
      [{ project: undefined }, 'project'],
      [{ project: '' }, 'project'],
      [{ project: 'a b' }, 'project'],
      [{ project: 'a.b' }, 'project'],
      [{ project: '-a' }, 'project'],
      [{ endpoint: 'demo.cn-hangzhou.log.aliyuncs.com' }, 'endpoint'],
      [{ region: 'cn hangzhou' }, 'region'],
      [{ signatureVersion: 'v4', endpoint: 'http://127.0.0.1:1' }, 'region'],
      [{ signatureVersion: 'v5' }, 'signatureVersion'],
      [{ credentials: undefined }, 'credentials'],
      [{ credentials: {} }, 'accessKeyId'],
      [{ credentials: { accessKeyId: 'id' } }, 'accessKeySecret'],
      [{ credentials: { accessKeyId: 'id\r\nx: y', accessKeySecret: 's' } }, 'accessKeyId'],
      [{ credentials: { accessKeyId: 'id', accessKeySecret: 's', securityToken: 'a b' } }, 'securityToken'],
      [{ connectTimeout: 0 }, 'connectTimeout'],
      [{ connectTimeout: '10' }, 'connectTimeout'],
      [{ requestTimeout: Number.NaN }, 'requestTimeout'],
      [{ requestTimeout: 1e12 }, 'requestTimeout'],
      [{ maxSockets: 0 }, 'maxSockets'],
      [{ userAgent: 'a\nb' }, 'userAgent'],
      [{ retry: { maxRetries: 1.5 } }, 'maxRetries'],
      [{ retry: { maxRetriesRetryable: -2 } }, 'maxRetriesRetryable'],
      [{ retry: { maxRetryBackoff: -1 } }, 'maxRetryBackoff'],
      [{ proxy: { url: 'nonsense' } }, 'proxy'],
      [{ proxy: { url: 'socks5://127.0.0.1:1' } }, 'proxy'],
      [{ tls: { ca: 'no certificate', cert: 'nor this' } }, 'tls']
    ]
    for (const [options, field] of wrong) assert.equal(refusal(options).field, field, JSON.stringify(options))
  })

  it('that there are not are refused with the one that was meant', () => {
    const tls = { rejectUnauthorised: true }
    for (const [options, field, meant] of [
      [{ accessPoint: 1, regionId: 'cn-hangzhou' }, 'accessPoint', undefined],
      [{ regionid: 'cn-hangzhou' }, 'regionid', 'region'],
      [{ retry: { maxRetry: 1 } }, 'retry.maxRetry', 'retry.maxRetries'],
      [{ tls }, 'tls.rejectUnauthorised', 'tls.rejectUnauthorized'],
      [{ proxy: { url: 'http://127.0.0.1:1', noproxy: [] } }, 'proxy.noproxy', 'proxy.noProxy'],
      [
        { credentials: { accessKeyId: 'id', accessKeySecret: 's', security_token: 't' } },
        'credentials.security_token',
        'credentials.securityToken'
      ]
    ] as const) {
      const error = refusal(options)
      assert.equal(error.field, field)
      if (meant !== undefined)
        assert.equal(error.message, `${field} is not an option: did you mean ${meant}?`)
    }
  })

  it('may bring more than is needed where others made it', () => {
    const issued = { type: 'sts', bearerToken: '', providerName: 'ram', expiration: '2026-01-01T00:00:00Z' }
    const credentials = { accessKeyId: 'id', accessKeySecret: 's', securityToken: 't', ...issued }
    const tls = { rejectUnauthorized: true, certificateCompression: ['zlib'] }
    checkOptions({ ...good, credentials, tls })
  })

  it('may bring a credentials provider of any kind', () => {
    const provider = { getCredentials: async () => good.credentials as Credentials, cache: new Map() }
    assert.equal(checkOptions({ ...good, credentials: provider }).credentials, provider)
  })

  it('must be an object', () => {
    for (const options of [undefined, null, 'http://127.0.0.1'])
      assert.throws(() => checkOptions(options as unknown as ClientOptions), {
        code: 'InvalidOption',
        field: 'options'
      })
  })

  it('never show a secret in their errors', () => {
    const secret = 's3cr3t with spaces'
    for (const options of [
      { credentials: { accessKeyId: secret, accessKeySecret: secret } },
      { credentials: { accessKeyId: 'id', accessKeySecret: secret } },
      { credentials: { accessKeyId: 'id', accessKeySecret: 'x', securityToken: secret } },
      { endpoint: `http://user:${encodeURIComponent(secret)}@a.example` },
      { proxy: { url: `ftp://user:${encodeURIComponent(secret)}@a.example` } }
    ]) {
      assert.doesNotMatch(refusal(options).describe(), /s3cr3t/)
    }
  })
})

describe('A proxy option', () => {
  const proxyOf = (proxy: ClientOptions['proxy'], endpoint = good.endpoint) =>
    checkOptions({ ...good, endpoint, proxy }).proxy

  it('takes user and password from the URL or beside it', () => {
    const expected = `Basic ${Buffer.from('u:p@').toString('base64')}`
    assert.equal(proxyOf({ url: 'http://u:p%40@gateway.example:3128' })?.authorization, expected)
    assert.equal(
      proxyOf({ url: 'http://gateway.example:3128', username: 'u', password: 'p@' })?.authorization,
      expected
    )
    assert.equal(proxyOf({ url: 'http://gateway.example:3128' })?.authorization, undefined)
  })

  it('is left aside for the hosts that it names', () => {
    const url = 'http://gateway.example'
    assert.equal(proxyOf({ url, noProxy: ['aliyuncs.com'] }), undefined)
    assert.equal(proxyOf({ url, noProxy: ['.log.aliyuncs.com'] }), undefined)
    assert.equal(proxyOf({ url, noProxy: ['*'] }), undefined)
    assert.equal(proxyOf({ url, noProxy: ['127.0.0.1'] }, 'http://127.0.0.1:9000'), undefined)
    assert.ok(proxyOf({ url, noProxy: ['', 'liyuncs.com', 'example.com'] }))
    assert.equal(proxyOf({ url, noProxy: [`${good.project}.cn-hangzhou.log.aliyuncs.com`] }), undefined)
    for (const address of ['::1', '[::1]', '[::1]:9000'])
      assert.equal(proxyOf({ url, noProxy: [address] }, 'http://[::1]:9000'), undefined, address)
    assert.equal(proxyOf({ url, noProxy: ['127.0.0.1:9000'] }, 'http://127.0.0.1:9000'), undefined)
    assert.ok(proxyOf({ url, noProxy: ['127.0.0.1:9001', '[::1]'] }, 'http://127.0.0.1:9000'))
    assert.ok(proxyOf({ url, noProxy: ['0.0.1'] }, 'http://127.0.0.1:9000'))
  })
})
