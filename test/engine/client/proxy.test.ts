import assert from 'node:assert/strict'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import type { SlsClient } from '../../../engine/client/client'
import type { ClientOptions } from '../../../engine/client/options'
import { eventually, rejection, respond, StubServer, testCertificate } from './stub-server'

/** A proxy for CONNECT; `target` replaces where the client wants to go. */
class ConnectProxy {
  readonly asked: { target: string; authorization: string | undefined }[] = []
  status = 200
  silent: boolean = false
  readonly #server: http.Server
  readonly #sockets = new Set<net.Socket>()
  readonly #secure: boolean

  constructor(port: number, secure = false) {
    this.#secure = secure
    this.#server = secure ? https.createServer(testCertificate) : http.createServer()
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    this.#server.on('connect', (request, socket: net.Socket) => {
      socket.on('error', () => undefined)
      this.asked.push({ target: request.url ?? '', authorization: request.headers['proxy-authorization'] })
      if (this.silent) {
        socket.on('end', () => socket.destroy()).resume()
        return
      }
      if (this.status !== 200) {
        socket.end(`HTTP/1.1 ${this.status} No\r\nContent-Length: 0\r\n\r\n`)
        return
      }
      const upstream = net.connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        socket.pipe(upstream).pipe(socket)
      })
      this.#sockets.add(upstream)
      upstream.on('error', () => socket.destroy())
      upstream.on('close', () => socket.destroy())
      socket.on('close', () => upstream.destroy())
    })
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const host = this.#secure ? 'https://user:pass@localhost' : 'http://user:pass@127.0.0.1'
    return `${host}:${(this.#server.address() as net.AddressInfo).port}`
  }

  get openSockets(): number {
    return [...this.#sockets].filter((socket) => !socket.destroyed).length
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

const authorization = `Basic ${Buffer.from('user:pass').toString('base64')}`

describe('A proxy', () => {
  let stub: StubServer
  const clients: SlsClient[] = []

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close()
    await stub.close()
  })

  function client(options: Partial<ClientOptions>): SlsClient {
    const made = stub.client(options)
    clients.push(made)
    return made
  }

  describe('before an http endpoint', () => {
    it('is asked in absolute form, and the signature stays that of the endpoint', async () => {
      stub = await StubServer.start()
      const sls = client({
        endpoint: 'http://cn-hangzhou.log.aliyuncs.com',
        proxy: { url: `http://127.0.0.1:${stub.port}`, username: 'user', password: 'pass' }
      })
      await sls.listShards('access')
      await sls.listShards('access')
      assert.equal(stub.last.url, 'http://demo.cn-hangzhou.log.aliyuncs.com/logstores/access/shards')
      assert.equal(stub.last.headers.host, 'demo.cn-hangzhou.log.aliyuncs.com')
      assert.equal(stub.last.headers['proxy-authorization'], authorization)
      assert.match(stub.last.headers.authorization ?? '', /^SLS4-HMAC-SHA256 /)
      assert.equal(stub.connections, 1)
    })

    it('may stand before an address, too', async () => {
      stub = await StubServer.start()
      await client({ endpoint: 'http://127.0.0.1:9', proxy: { url: stub.endpoint } }).listShards('access')
      assert.equal(stub.last.url, 'http://demo.127.0.0.1:9/logstores/access/shards')
    })

    it('that wants a password says so', async () => {
      stub = await StubServer.start((_request, response) => {
        response.writeHead(407, { 'content-type': 'text/html' })
        response.end('<html>no</html>')
      })
      const error = await rejection(
        client({ endpoint: 'http://127.0.0.1:9', proxy: { url: stub.endpoint } }).listShards('a')
      )
      assert.deepEqual([error.code, error.status, error.retryability], ['NetworkError', 407, 'ordinary'])
      assert.match(error.hint ?? '', /password of the proxy/)
    })
  })

  describe('before an https endpoint', () => {
    let proxy: ConnectProxy
    let url: string
    const tls = { ca: testCertificate.cert, servername: 'localhost' }

    beforeEach(async () => {
      stub = await StubServer.start(undefined, true)
      proxy = new ConnectProxy(stub.port)
      url = await proxy.listen()
    })

    afterEach(async () => {
      await proxy.close()
    })

    it('carries one TLS connection for many calls', async () => {
      const sls = client({ endpoint: 'https://cn-hangzhou.log.aliyuncs.com', proxy: { url }, tls })
      await sls.listShards('access')
      await sls.putLogs({ logstore: 'access', body: Buffer.from('x'), rawSize: 1, compression: 'none' })
      assert.deepEqual(proxy.asked, [{ target: 'demo.cn-hangzhou.log.aliyuncs.com:443', authorization }])
      assert.equal(stub.last.url, '/logstores/access/shards/lb')
      assert.equal(stub.last.headers['proxy-authorization'], undefined)
      assert.equal(sls.stats().openSockets, 1)
    })

    it('that speaks https itself is checked by its own name, not by the endpoint’s', async () => {
      const secure = new ConnectProxy(stub.port, true)
      const sls = client({
        endpoint: 'https://cn-hangzhou.log.aliyuncs.com',
        proxy: { url: await secure.listen() },
        tls
      })
      assert.deepEqual(await sls.listShards('access'), [])
      assert.equal(secure.asked.length, 1)
      sls.close()
      await secure.close()
    })

    it('whose certificate check fails is reported as such', async () => {
      const error = await rejection(client({ proxy: { url } }).listShards('access'))
      assert.equal(error.code, 'NetworkError')
      assert.match(error.message, /certificate/)
    })

    it('that refuses is reported with its status', async () => {
      for (const [status, retryability] of [
        [407, 'ordinary'],
        [502, 'transient']
      ] as const) {
        proxy.status = status
        const error = await rejection(client({ proxy: { url }, tls }).listShards('access'))
        assert.deepEqual(
          [error.code, error.status, error.retryability],
          ['NetworkError', status, retryability]
        )
        assert.doesNotMatch(error.describe(), /pass@|user:/)
      }
    })

    it('that never answers ends in ConnectTimeout, holds no connection and does not use up the pool', async () => {
      proxy.silent = true
      const sls = client({ proxy: { url }, tls, connectTimeout: 50, maxSockets: 1 })
      const error = await rejection(sls.listShards('access'))
      assert.deepEqual([error.code, error.retryability], ['ConnectTimeout', 'transient'])
      proxy.silent = false
      assert.deepEqual(await sls.listShards('access'), [])
    })

    it('leaves nothing open when the client is closed while it connects', async () => {
      proxy.silent = true
      const sls = client({ proxy: { url }, tls })
      const call = rejection(sls.listShards('access'))
      await eventually(() => proxy.asked.length > 0)
      sls.close()
      assert.equal((await call).code, 'Closed')
      await eventually(() => proxy.openSockets === 0)
    })
  })

  it('is not used for a host that needs none', async () => {
    stub = await StubServer.start((_request, response) => respond(response))
    const proxy = { url: 'http://127.0.0.1:9', noProxy: ['127.0.0.1'] }
    assert.deepEqual(await client({ proxy }).listShards('access'), [])
  })
})
