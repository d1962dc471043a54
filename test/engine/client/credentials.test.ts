import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { AlibabaCredentialsProvider } from '../../../engine/client/alibaba-credentials'
import { type CredentialConfig, credentialsProvider } from '../../../engine/client/credentials'
import { SlsError } from '../../../engine/client/errors'
import { rejection, respond, StubServer } from './stub-server'

const session = (id: string, lifetime = 3600_000) => ({
  AccessKeyId: id,
  AccessKeySecret: `${id}-secret`,
  SecurityToken: `${id}-token`,
  Expiration: new Date(Date.now() + lifetime).toISOString().replace(/\.\d+Z$/, 'Z')
})

describe('Credentials', () => {
  let stub: StubServer

  beforeEach(async () => {
    stub = await StubServer.start()
  })

  afterEach(async () => {
    await stub.close()
  })

  const uriProvider = () =>
    credentialsProvider({ type: 'uri', credentialsURI: `${stub.endpoint}/credentials` })

  it('of an access key or an STS token are given as they are', async () => {
    assert.deepEqual(
      await credentialsProvider({
        type: 'accessKey',
        accessKeyId: 'id',
        accessKeySecret: 'secret'
      }).getCredentials(),
      { accessKeyId: 'id', accessKeySecret: 'secret', securityToken: undefined }
    )
    assert.deepEqual(
      await credentialsProvider({
        type: 'sts',
        accessKeyId: 'id',
        accessKeySecret: 'secret',
        securityToken: 'token'
      }).getCredentials(),
      { accessKeyId: 'id', accessKeySecret: 'secret', securityToken: 'token' }
    )
  })

  it('that miss a field are refused by name', () => {
    const wrong: [unknown, string][] = [
      [{ type: 'accessKey', accessKeyId: '' }, 'accessKeyId'],
      [{ type: 'accessKey', accessKeyId: 'id' }, 'accessKeySecret'],
      [{ type: 'sts', accessKeyId: 'id', accessKeySecret: 's', securityToken: '' }, 'securityToken'],
      [{ type: 'ramRole', accessKeyId: 'id', accessKeySecret: 's' }, 'roleArn'],
      [
        { type: 'ramRole', accessKeyId: 'id', accessKeySecret: 's', roleArn: 'r', roleSessionExpiration: 60 },
        'roleSessionExpiration'
      ],
      [{ type: 'oidc', roleArn: 'r', oidcTokenFilePath: 'f' }, 'oidcProviderArn'],
      [{ type: 'oidc', roleArn: 'r', oidcProviderArn: 'p' }, 'oidcTokenFilePath'],
      [{ type: 'uri' }, 'credentialsURI'],
      [{ type: 'uri', credentialsURI: 'nonsense' }, 'credentialsURI'],
      [{ type: 'accessKey', accessKeyId: 'id', accessKeySecret: 's', securityToken: 't' }, 'securityToken'],
      [{ type: 'ecsRamRole', rolename: 'r' }, 'rolename'],
      [{ type: 'password' }, 'credentialType']
    ]
    for (const [config, field] of wrong) {
      assert.throws(
        () => credentialsProvider(config as CredentialConfig),
        (error) => error instanceof SlsError && error.code === 'InvalidOption' && error.field === field,
        JSON.stringify(config)
      )
    }
  })

  it('load their library only when they are asked for', () => {
    const loaded = () => Object.keys(require.cache).some((file) => file.includes('@alicloud/credentials'))
    const before = loaded()
    credentialsProvider({
      type: 'ramRole',
      accessKeyId: 'id',
      accessKeySecret: 's',
      roleArn: 'acs:ram::1:role/r'
    })
    credentialsProvider({ type: 'ecsRamRole' })
    credentialsProvider({ type: 'environment' })
    assert.equal(loaded(), before)
  })

  describe('from a URI', () => {
    it('sign the call and send their token', async () => {
      stub.answer = (request, response) =>
        respond(response, request.url === '/credentials' ? session('temp') : [])
      const sls = stub.client({ credentials: uriProvider() })
      await sls.listShards('access')
      await sls.listShards('access')
      assert.equal(stub.last.headers['x-acs-security-token'], 'temp-token')
      assert.match(stub.last.headers.authorization ?? '', /^LOG temp:/)
      assert.equal(stub.requests.filter(({ url }) => url === '/credentials').length, 1)
      sls.close()
    })

    it('are fetched once for calls that arrive together', async () => {
      stub.answer = (_request, response) => respond(response, session('temp'))
      const provider = uriProvider()
      await Promise.all(Array.from({ length: 5 }, () => provider.getCredentials()))
      assert.equal(stub.requests.length, 1)
    })

    it('are fetched anew when the service refuses them', async () => {
      let issued = 0
      stub.answer = (request, response) => {
        if (request.url === '/credentials') return respond(response, session(`temp${++issued}`))
        const valid = request.headers['x-acs-security-token'] === 'temp2-token'
        return valid
          ? respond(response)
          : respond(response, { errorCode: 'SecurityToken.Expired', errorMessage: '' }, 401)
      }
      const sls = stub.client({ credentials: uriProvider() })
      const error = await rejection(sls.listShards('access'))
      assert.deepEqual([error.code, error.retryability], ['SecurityToken.Expired', 'ordinary'])
      assert.deepEqual(await sls.listShards('access'), [])
      sls.close()
    })

    it('are not fetched at every refusal', async () => {
      let now = 0
      let issued = 0
      stub.answer = (_request, response) => respond(response, session(`temp${++issued}`))
      const config = { type: 'credentials_uri', credentialsURI: `${stub.endpoint}/credentials` }
      const provider = new AlibabaCredentialsProvider('uri', config, [], () => now)
      for (const [time, expected] of [
        [0, 1],
        [9_999, 2],
        [10_000, 2],
        [20_000, 3]
      ] as const) {
        now = time
        await provider.getCredentials()
        assert.equal(issued, expected)
        provider.refused()
      }
    })

    it('that cannot be had are an error that may pass, without a secret of the answer', async () => {
      const answers: [number, string][] = [
        [200, JSON.stringify({ AccessKeyId: 'id', AccessKeySecret: 'TOPSECRET' })],
        [200, '{"AccessKeySecret":"TOPSECRET"'],
        [500, 'AccessKeySecret=TOPSECRET'],
        [200, 'TOPSECRET'],
        [404, 'nothing here'],
        [500, JSON.stringify({ Message: 'server string to sign is:GET&%2F&SecurityToken%3DTOPSECRET' })]
      ]
      for (const [status, body] of answers) {
        stub.answer = (_request, response) => respond(response, body, status)
        const error = await rejection(uriProvider().getCredentials())
        assert.deepEqual([error.code, error.retryability], ['CredentialsUnavailable', 'ordinary'])
        assert.doesNotMatch(error.describe(), /TOPSECRET/)
        assert.equal(error.cause, undefined)
      }
    })

    it('that take too long are told of without what the URI holds beside its place', async () => {
      stub.answer = (_request, response) => response.writeHead(200, { 'content-length': 9 }).flushHeaders()
      const provider = new AlibabaCredentialsProvider('uri', {
        type: 'credentials_uri',
        credentialsURI: `${stub.endpoint}/credentials?token=TOPSECRET`,
        timeout: 50
      })
      const error = await rejection(provider.getCredentials())
      assert.match(error.message, /GET \/credentials/)
      assert.doesNotMatch(error.describe(), /TOPSECRET/)
    })

    it('come back by themselves when the URI does', async () => {
      const provider = uriProvider()
      stub.answer = (_request, response) => respond(response, '', 503)
      await rejection(provider.getCredentials())
      stub.answer = (_request, response) => respond(response, session('temp'))
      assert.equal((await provider.getCredentials()).accessKeyId, 'temp')
    })
  })

  describe('from the environment', () => {
    const saved = { ...process.env }
    let home: string

    beforeEach(async () => {
      home = await mkdtemp(path.join(tmpdir(), 'sls-credentials-'))
      for (const name of Object.keys(process.env))
        if (name.startsWith('ALIBABA_CLOUD_')) delete process.env[name]
      process.env['HOME'] = home
      process.env['ALIBABA_CLOUD_ECS_METADATA_DISABLED'] = 'true'
    })

    afterEach(async () => {
      for (const name of Object.keys(process.env)) if (!(name in saved)) delete process.env[name]
      Object.assign(process.env, saved)
      await rm(home, { recursive: true })
    })

    it('are those of the variables', async () => {
      process.env['ALIBABA_CLOUD_ACCESS_KEY_ID'] = 'env-id'
      process.env['ALIBABA_CLOUD_ACCESS_KEY_SECRET'] = 'env-secret'
      const { accessKeyId, accessKeySecret } = await credentialsProvider({
        type: 'environment'
      }).getCredentials()
      assert.deepEqual([accessKeyId, accessKeySecret], ['env-id', 'env-secret'])
    })

    it('are those of the profile where there are no variables', async () => {
      const file = path.join(home, 'credentials')
      await writeFile(
        file,
        '[default]\ntype = access_key\naccess_key_id = ini-id\naccess_key_secret = ini-secret\n'
      )
      process.env['ALIBABA_CLOUD_CREDENTIALS_FILE'] = file
      assert.equal(
        (await credentialsProvider({ type: 'environment' }).getCredentials()).accessKeyId,
        'ini-id'
      )
    })

    it('are looked for in the whole chain again after it gave none', async () => {
      const provider = credentialsProvider({ type: 'environment' })
      const error = await rejection(provider.getCredentials())
      assert.deepEqual([error.code, error.retryability], ['CredentialsUnavailable', 'ordinary'])
      assert.match(error.hint ?? '', /ALIBABA_CLOUD_ACCESS_KEY_ID/)
      process.env['ALIBABA_CLOUD_ACCESS_KEY_ID'] = 'env-id'
      process.env['ALIBABA_CLOUD_ACCESS_KEY_SECRET'] = 'env-secret'
      assert.equal((await provider.getCredentials()).accessKeyId, 'env-id')
    })
  })

  describe('of a provider of the caller', () => {
    it('are asked for at each call', async () => {
      let asked = 0
      const sls = stub.client({
        credentials: { getCredentials: async () => ({ accessKeyId: `id${++asked}`, accessKeySecret: 's' }) }
      })
      await sls.listShards('access')
      await sls.listShards('access')
      assert.match(stub.last.headers.authorization ?? '', /^LOG id2:/)
      sls.close()
    })

    it('that fail or cannot be used are CredentialsUnavailable, with nothing of what they said', async () => {
      const providers = [
        async () => {
          throw new Error('TOPSECRET')
        },
        async () => ({ accessKeyId: 'id', accessKeySecret: '' }),
        async () => ({ accessKeyId: 'id', accessKeySecret: 's', securityToken: 'TOPSECRET\n' })
      ]
      for (const getCredentials of providers) {
        const sls = stub.client({ credentials: { getCredentials } })
        const error = await rejection(sls.listShards('access'))
        assert.deepEqual([error.code, error.retryability], ['CredentialsUnavailable', 'ordinary'])
        assert.doesNotMatch(error.describe(), /TOPSECRET/)
        sls.close()
      }
      assert.equal(stub.requests.length, 0)
    })

    it('that never come do not hold a call beyond its abort, its time-out or the close', async () => {
      const credentials = { getCredentials: () => new Promise<never>(() => undefined) }
      const sls = stub.client({ credentials })
      const abort = new AbortController()
      const aborted = rejection(sls.listShards('access', abort.signal))
      abort.abort()
      assert.equal((await aborted).code, 'Aborted')
      const impatient = stub.client({ credentials, requestTimeout: 20 })
      assert.equal((await rejection(impatient.listShards('access'))).code, 'RequestTimeout')
      const closed = rejection(sls.listShards('access'))
      sls.close()
      assert.equal((await closed).code, 'Closed')
    })
  })
})
