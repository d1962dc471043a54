import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { SlsEmulator } from '../../emulator/index'
import { numbered, read, write } from './logstore'
import { connection, errorOf, type FlowNode, keyOf, request, run, tab, until, withNodeRed } from './runtime'

const reader: FlowNode = {
  id: 'in',
  z: 'tab',
  type: 'sls-in',
  config: 'connection',
  logstores: 'access',
  localState: false,
  wires: [['logs']]
}
const writer: FlowNode = {
  id: 'out',
  z: 'tab',
  type: 'sls-out',
  config: 'connection',
  logstore: 'access',
  flushInterval: 3_600_000,
  wires: []
}
const probes: FlowNode[] = [
  { id: 'logs', z: 'tab', type: 'helper', wires: [] },
  { id: 'catch', z: 'tab', type: 'catch', scope: null, wires: [['failed']] },
  { id: 'failed', z: 'tab', type: 'helper', wires: [] }
]

describe('sls-config', () => {
  withNodeRed()
  let sls: SlsEmulator
  beforeEach(async () => {
    sls = await SlsEmulator.start({ quiet: true, logstores: ['access:1', 'other:1'] })
  })
  afterEach(() => sls.close())

  it('is still open when its users, closed at the same time, have something to send', async () => {
    const second = { ...writer, id: 'second', logstore: 'other' }
    const flow = await run([tab, connection(sls), writer, second, ...probes], { credentials: keyOf(sls) })
    flow.send('out', { payload: { n: '1' } })
    flow.send('second', { payload: { n: '2' } })
    for (const id of ['out', 'second']) {
      await until(`${id} to hold its log`, () => flow.statusTexts(id).includes('sls-out.status.sending'))
    }
    await flow.stop()
    assert.deepEqual(flow.reports('out').concat(flow.reports('second')), [])
    assert.equal((await read(sls, 1)).length, 1)
    assert.equal((await read(sls, 1, 'other')).length, 1)
  })

  it('is looked for anew by nodes that name it by a variable, which Node-RED does not restart with it', async () => {
    const named = { config: ['$', '{CONNECTION}'].join('') }
    const place = { ...tab, env: [{ name: 'CONNECTION', type: 'str', value: 'connection' }] }
    const flowWith = (config: FlowNode) => [place, config, { ...reader, ...named }, sender, ...probes]
    const sender = { ...writer, ...named, flushInterval: 10 }
    // Who waits for the others to close waits in vain.
    const settings = { nodeCloseTimeout: 3_600_000 }
    const flow = await run(flowWith(connection(sls)), { credentials: keyOf(sls), settings })
    flow.send('out', { payload: { n: '1' } })
    await flow.first('logs')
    await flow.deployNodes(flowWith(connection(sls, { maxRetries: 9 })), keyOf(sls))
    flow.send('out', { payload: { n: '2' } })
    await until('the second log', () =>
      flow.messages('logs').some(({ payload }) => JSON.stringify(payload) === '{"n":"2"}')
    )
    assert.deepEqual(flow.messages('failed'), [])
  })

  it('takes numbers as text and blanks as defaults, as editors and old flows leave them', async () => {
    await write(sls, numbered(0, 1))
    const odd = connection(sls, {
      maxRetries: '3',
      connectTimeout: '',
      requestTimeout: undefined,
      region: null
    })
    const flow = await run([tab, odd, reader, ...probes], { credentials: keyOf(sls) })
    await flow.first('logs')
  })

  it('names its properties that are wrong, all of them', async () => {
    const wrong = connection(sls, {
      endpoint: ['$', '{SLS_NO_SUCH}'].join(''),
      maxRetries: '1.5',
      baseRetryBackoff: '-1',
      credentialType: 'password',
      proxy: 'nowhere',
      tls: 'nowhere'
    })
    const flow = await run([tab, wrong, reader, ...probes], { credentials: keyOf(sls) })
    const { message } = errorOf(await flow.first('failed'))
    for (const property of ['endpoint', 'maxRetries', 'baseRetryBackoff', 'credentialType', 'proxy', 'tls']) {
      assert.match(message, new RegExp(`${property}: sls-config\\.problem\\.`))
    }
  })

  it('names the credential that its type needs', async () => {
    for (const [credentialType, missing] of [
      ['accessKey', 'accessKeyId'],
      ['sts', 'securityToken'],
      ['ramRole', 'roleArn'],
      ['oidc', 'oidcTokenFile'],
      ['uri', 'credentialsUri']
    ] as const) {
      const flow = await run([tab, connection(sls, { credentialType }), reader, ...probes])
      assert.match(errorOf(await flow.first('failed')).message, new RegExp(`${missing}: `))
      await flow.stop()
    }
  })

  it('names a credential that cannot be one as the dialog does', async () => {
    const wrong = connection(sls, { credentialType: 'uri' })
    const credentials = { connection: { credentialsUri: 'ftp://127.0.0.1/' } }
    const flow = await run([tab, wrong, reader, ...probes], { credentials })
    const { message, cause } = errorOf(await flow.first('failed'))
    assert.match(message, /connection: credentialsUri is not an http or https URL/)
    assert.equal(cause['field'], 'credentialsUri')
  })

  describe('tried from the editor', () => {
    interface Answer {
      ok: boolean
      logstores?: string[]
      error?: { code: string; message: string; field?: string }
    }

    async function attempt(values: object, credentials: object, id = 'connection'): Promise<Answer> {
      const { status, body } = await request().post('/sls/connection').send({ id, values, credentials })
      assert.equal(status, 200)
      return body as Answer
    }

    it('answers with the logstores, deployed or not', async () => {
      await run([tab])
      const { accessKeyId, accessKeySecret } = sls
      const { endpoint, project } = connection(sls)
      assert.deepEqual(await attempt({ endpoint, project }, { accessKeyId, accessKeySecret }), {
        ok: true,
        logstores: ['access', 'other']
      })
    })

    it('takes the deployed secret for one that the form does not show', async () => {
      await run([tab, connection(sls)], { credentials: keyOf(sls) })
      const { endpoint, project } = connection(sls)
      const { accessKeyId } = sls
      assert.equal(
        (await attempt({ endpoint, project }, { accessKeyId, accessKeySecret: '__PWRD__' })).ok,
        true
      )
      assert.equal((await attempt({ endpoint, project }, {})).ok, true)
      assert.equal((await attempt({ endpoint, project }, {}, 'another')).error?.field, 'accessKeyId')
    })

    it('replaces variables as a deployment does, but none that flows may not read', async () => {
      const variable = (name: string) => ['$', `{SLS_VARIABLE_${name}}`].join('')
      const { endpoint, project, accessKeyId, accessKeySecret } = sls
      const set = { ENDPOINT: endpoint, PROJECT: project, ID: accessKeyId, SECRET: accessKeySecret }
      for (const [name, value] of Object.entries(set)) process.env[`SLS_VARIABLE_${name}`] = value
      try {
        await run([tab], { settings: { envVarExcludes: ['SLS_VARIABLE_HIDDEN'] } })
        const values = { endpoint: variable('ENDPOINT'), project: variable('PROJECT') }
        const key = { accessKeyId: variable('ID'), accessKeySecret: variable('SECRET') }
        assert.equal((await attempt(values, key)).ok, true)
        const unset = await attempt({ ...values, endpoint: variable('NOTHING') }, key)
        assert.equal(unset.error?.field, 'endpoint')
        process.env['SLS_VARIABLE_HIDDEN'] = accessKeySecret
        const hidden = await attempt(values, { ...key, accessKeySecret: variable('HIDDEN') })
        assert.equal(hidden.error?.field, 'accessKeySecret')
      } finally {
        for (const name of Object.keys(process.env))
          if (name.startsWith('SLS_VARIABLE_')) delete process.env[name]
      }
    })

    it('tells what is wrong, without any secret', async () => {
      await run([tab])
      const { endpoint, project } = connection(sls)
      const { accessKeyId } = sls
      const refused = await attempt({ endpoint, project }, { accessKeyId, accessKeySecret: 'top-secret' })
      assert.equal(refused.error?.code, 'SignatureNotMatch')
      assert.ok(!JSON.stringify(refused).includes('top-secret'))
      assert.equal((await attempt({ project }, {})).error?.field, 'endpoint')
      assert.equal(
        (await attempt({ endpoint: 'http://127.0.0.1:1', project }, keyOf(sls)['connection'] ?? {})).error
          ?.code,
        'NetworkError'
      )
      for (const body of [[], 'x', { values: 7 }]) {
        const { body: answer } = await request()
          .post('/sls/connection')
          .send(body as object)
        assert.equal((answer as Answer).ok, false)
      }
    })
  })

  describe('with nodes of Node-RED beside it', () => {
    let proxy: Server
    const targets: string[] = []
    beforeEach((done) => {
      targets.length = 0
      proxy = createServer((incoming, answer) => {
        targets.push(`${incoming.headers['proxy-authorization']} ${incoming.url}`)
        answer.writeHead(502).end()
      })
      proxy.listen(0, '127.0.0.1', done)
    })
    afterEach((done) => {
      proxy.closeAllConnections()
      proxy.close(done)
    })

    it('goes through an http proxy node, with its user and password', async () => {
      const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
      const flow: FlowNode[] = [
        tab,
        { id: 'proxy', type: 'http proxy', name: '', url, noproxy: [] },
        { ...connection(sls), endpoint: 'http://sls.example', proxy: 'proxy' },
        reader,
        ...probes
      ]
      await run(flow, {
        credentials: { ...keyOf(sls), proxy: { username: 'user', password: 'word' } },
        core: ['network/06-httpproxy.js']
      })
      await until('a call through the proxy', () => targets.length > 0)
      assert.match(
        targets[0] ?? '',
        new RegExp(`^Basic ${Buffer.from('user:word').toString('base64')} http://\\w+\\.sls\\.example/`)
      )
    })

    it('trusts what a tls-config node says, and nothing else', async () => {
      const file = (name: string) => readFileSync(path.resolve('test/fixtures/tls', name), 'utf8')
      const called: string[] = []
      const secure = createSecureServer(
        { key: file('localhost-key.pem'), cert: file('localhost-cert.pem') },
        ({ url }, answer) => {
          called.push(url ?? '')
          answer.writeHead(502).end()
        }
      )
      await new Promise<void>((listening) => secure.listen(0, '127.0.0.1', listening))
      try {
        const endpoint = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`
        const tls = {
          id: 'tls',
          type: 'tls-config',
          cert: '',
          key: '',
          ca: '',
          servername: '',
          verifyservercert: true
        }
        const quick = connection(sls, {
          endpoint,
          maxRetriesRetryable: 0,
          maxRetryBackoff: 20
        })
        const distrusting = await run([tab, quick, reader, ...probes], { credentials: keyOf(sls) })
        await distrusting.first('failed')
        assert.deepEqual(called, [])
        await distrusting.stop()
        await run([tab, tls, { ...quick, tls: 'tls' }, reader, ...probes], {
          credentials: { ...keyOf(sls), tls: { cadata: file('localhost-cert.pem') } },
          core: ['network/05-tls.js']
        })
        await until('a call over TLS', () => called.length > 0)
      } finally {
        secure.closeAllConnections()
        await new Promise((closed) => secure.close(closed))
      }
    })
  })
})
