import assert from 'node:assert/strict'
import net from 'node:net'
import { inspect } from 'node:util'
import type { SlsClient } from '../../../engine/client/client'
import { eventually, rejection, requestId, respond, StubServer, testCertificate } from './stub-server'

describe('The HTTP transport', () => {
  let stub: StubServer
  const clients: SlsClient[] = []

  beforeEach(async () => {
    stub = await StubServer.start()
  })

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close()
    await stub.close()
  })

  function client(...options: Parameters<StubServer['client']>): SlsClient {
    const made = stub.client(...options)
    clients.push(made)
    return made
  }

  it('sends the body as it is given, with its length', async () => {
    const body = Buffer.from([0, 255, 10, 13, 0, 128])
    await client().putLogs({ logstore: 'access', body, rawSize: 9, compression: 'lz4' })
    assert.deepEqual(stub.last.body, body)
    assert.equal(stub.last.headers['content-length'], '6')
    assert.equal(stub.last.headers['transfer-encoding'], undefined)
  })

  it('keeps its connection for the next call', async () => {
    const sls = client()
    for (let call = 0; call < 5; call++) await sls.listShards('access')
    assert.equal(stub.connections, 1)
    assert.deepEqual([sls.stats().openSockets, sls.stats().idleSockets], [1, 1])
  })

  it('opens no more connections than maxSockets, and serves all calls', async () => {
    const sls = client({ maxSockets: 2 })
    await Promise.all(Array.from({ length: 10 }, () => sls.listShards('access')))
    assert.equal(stub.requests.length, 10)
    assert.equal(stub.connections, 2)
  })

  it('reads a body that comes in pieces', async () => {
    stub.answer = (_request, response) => {
      response.writeHead(200, { 'x-log-requestid': requestId })
      response.write('[')
      setImmediate(() => response.end(']'))
    }
    assert.deepEqual(await client().listShards('access'), [])
  })

  it('reports a body that ends too early as a network error that is worth a retry', async () => {
    stub.answer = (_request, response) => {
      response.writeHead(200, { 'x-log-requestid': requestId, 'content-length': '100' })
      response.write('[')
      setImmediate(() => response.destroy())
    }
    const error = await rejection(client().listShards('access'))
    assert.deepEqual([error.code, error.retryability], ['NetworkError', 'transient'])
    assert.match(error.message, /ListShards.*closed before the answer was complete/)
  })

  it('reports a chunked body that ends too early likewise', async () => {
    stub.answer = (_request, response) => {
      response.writeHead(200, { 'x-log-requestid': requestId })
      response.write('[]')
      setImmediate(() => response.destroy())
    }
    assert.equal((await rejection(client().listShards('access'))).code, 'NetworkError')
  })

  it('reports a connection that is reset, and works again afterwards', async () => {
    stub.answer = (_request, response) => response.socket?.resetAndDestroy()
    const sls = client()
    const error = await rejection(sls.listShards('access'))
    assert.deepEqual([error.code, error.retryability], ['NetworkError', 'transient'])
    stub.answer = (_request, response) => respond(response)
    assert.deepEqual(await sls.listShards('access'), [])
  })

  it('says that nothing listens at the endpoint', async () => {
    const sls = client()
    await stub.close()
    const error = await rejection(sls.listShards('access'))
    assert.deepEqual([error.code, error.retryability], ['NetworkError', 'transient'])
    assert.match(error.describe(), /refused.*127\.0\.0\.1:\d+.*Check the endpoint and its port/)
    stub = await StubServer.start()
  })

  it('gives up after requestTimeout when no answer comes', async () => {
    stub.answer = () => undefined
    const error = await rejection(client({ requestTimeout: 50 }).listShards('access'))
    assert.deepEqual([error.code, error.retryability], ['RequestTimeout', 'transient'])
  })

  it('gives up after requestTimeout when the body stops coming', async () => {
    stub.answer = (_request, response) => {
      response.writeHead(200, { 'x-log-requestid': requestId, 'content-length': '100' })
      response.write('[')
    }
    assert.equal(
      (await rejection(client({ requestTimeout: 50 }).listShards('access'))).code,
      'RequestTimeout'
    )
  })

  it('gives up after connectTimeout when a connection does not come up', async () => {
    const silent = net.createServer()
    const sockets: net.Socket[] = []
    silent.on('connection', (socket) => sockets.push(socket))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = silent.address() as net.AddressInfo
      const error = await rejection(
        client({ endpoint: `https://127.0.0.1:${port}`, connectTimeout: 50 }).listShards('a')
      )
      assert.deepEqual([error.code, error.retryability], ['ConnectTimeout', 'transient'])
    } finally {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => silent.close(resolve))
    }
  })

  it('stops at once when it is aborted: before, while waiting for an answer, within the body', async () => {
    const sls = client()
    assert.equal((await rejection(sls.listShards('access', AbortSignal.abort()))).code, 'Aborted')
    assert.equal(stub.requests.length, 0)

    const waiting = new AbortController()
    stub.answer = () => waiting.abort()
    const error = await rejection(sls.listShards('access', waiting.signal))
    assert.deepEqual([error.code, error.retryability], ['Aborted', 'never'])

    const reading = new AbortController()
    stub.answer = (_request, response) => {
      response.writeHead(200, { 'x-log-requestid': requestId, 'content-length': '100' })
      response.write('[', () => reading.abort())
    }
    assert.equal((await rejection(sls.listShards('access', reading.signal))).code, 'Aborted')
    assert.equal(sls.stats().inFlight, 0)
  })

  it('fails calls in flight and later ones once it is closed', async () => {
    const sls = client()
    stub.answer = () => sls.close()
    assert.equal((await rejection(sls.listShards('access'))).code, 'Closed')
    assert.equal((await rejection(sls.listShards('access'))).code, 'Closed')
    await eventually(() => sls.stats().openSockets === 0)
  })

  it('takes no answer that is larger than a call of its kind may be', async () => {
    for (const headers of [{ 'content-length': String(9 * 1024 * 1024) }, {}]) {
      stub.answer = (_request, response) => {
        response.writeHead(200, { 'x-log-requestid': requestId, ...headers })
        const piece = Buffer.alloc(1024 * 1024, ' ')
        for (let sent = 0; sent < 9; sent++) response.write(piece)
        response.end()
      }
      const error = await rejection(client().listShards('access'))
      assert.deepEqual([error.code, error.status], ['BadResponse', 200])
      assert.match(error.message, /larger than 8388608 bytes/)
    }
  })

  it('reports a peer that does not speak HTTP', async () => {
    const chatter = net.createServer((socket) => {
      socket.on('error', () => undefined)
      socket.resume()
      socket.end('220 mail.example ESMTP\r\n')
    })
    await new Promise<void>((resolve) => chatter.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = chatter.address() as net.AddressInfo
      const error = await rejection(client({ endpoint: `http://127.0.0.1:${port}` }).listShards('a'))
      assert.deepEqual([error.code, error.retryability], ['BadResponse', 'transient'])
    } finally {
      await new Promise((resolve) => chatter.close(resolve))
    }
  })

  it('keeps nothing of what a peer sends back of the request', async () => {
    const echo = net.createServer((socket) => {
      socket.on('error', () => undefined)
      socket.pipe(socket)
    })
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
    const { port } = echo.address() as net.AddressInfo
    const credentials = { accessKeyId: 'id', accessKeySecret: 'secret', securityToken: 'TOPSECRET' }
    const sls = client({ endpoint: `http://127.0.0.1:${port}`, credentials })
    try {
      const error = await rejection(sls.listShards('a'))
      assert.equal(error.code, 'BadResponse')
      assert.equal(error.cause, undefined)
      assert.doesNotMatch(inspect(error, { depth: 9 }), /TOPSECRET/)
    } finally {
      sls.close()
      await new Promise((resolve) => echo.close(resolve))
    }
  })

  it('counts calls, errors, bytes and connections', async () => {
    const sls = client()
    await sls.putLogs({ logstore: 'access', body: Buffer.from('12345'), rawSize: 5, compression: 'none' })
    stub.answer = (_request, response) =>
      respond(response, { errorCode: 'LogStoreNotExist', errorMessage: 'x' }, 404)
    await rejection(sls.listShards('access'))
    const { calls, errors, bytesSent, bytesReceived, inFlight } = sls.stats()
    assert.deepEqual([calls, errors, bytesSent, inFlight], [2, { LogStoreNotExist: 1 }, 5, 0])
    assert.ok(bytesReceived > 2)
  })

  describe('over TLS', () => {
    beforeEach(async () => {
      await stub.close()
      stub = await StubServer.start(undefined, true)
    })

    it('refuses a certificate that it has no authority for, and says what to do', async () => {
      const error = await rejection(client().listShards('access'))
      assert.deepEqual([error.code, error.retryability], ['NetworkError', 'ordinary'])
      assert.match(error.describe(), /certificate.*TLS options/)
    })

    it('takes the authority from the TLS options, for an address and for a name', async () => {
      const tls = { ca: testCertificate.cert }
      assert.deepEqual(await client({ tls }).listShards('access'), [])
      assert.deepEqual(
        await client({ tls, endpoint: `https://localhost:${stub.port}` }).listShards('access'),
        []
      )
    })

    it('checks the name that the TLS options give', async () => {
      const tls = { ca: testCertificate.cert, servername: 'other.example' }
      const error = await rejection(client({ tls }).listShards('access'))
      assert.match(error.message, /certificate/)
    })

    it('takes any certificate only where it is told to', async () => {
      assert.deepEqual(await client({ tls: { rejectUnauthorized: false } }).listShards('access'), [])
    })

    it('says so where the server speaks no TLS', async () => {
      await stub.close()
      stub = await StubServer.start()
      const error = await rejection(
        client({ endpoint: `https://127.0.0.1:${stub.port}` }).listShards('access')
      )
      assert.equal(error.code, 'NetworkError')
      assert.match(error.describe(), /no TLS connection.*http:\/\//)
    })
  })
})
