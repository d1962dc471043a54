import assert from 'node:assert/strict'
import { setMaxListeners } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { SlsClient } from '../../../../engine/client/client'
import type { ClientOptions } from '../../../../engine/client/options'
import { eventually, rejection, requestId, respond, StubServer, testCertificate } from '../stub-server'

const answerOf = (body: string, more = '') =>
  `HTTP/1.1 200 OK\r\nx-log-requestid: ${requestId}\r\n${more}content-length: ${body.length}\r\n\r\n${body}`

/**
 * Tells of each attempt to connect, as it begins.
 * @returns ends it
 */
function watchAttempts(told: () => void): () => void {
  const { connect } = net.Socket.prototype
  net.Socket.prototype.connect = function (this: Socket, ...options: Parameters<typeof connect>) {
    told()
    return connect.apply(this, options)
  } as typeof connect
  return () => {
    net.Socket.prototype.connect = connect
  }
}

/** A server that sends what a test tells it to, byte for byte. */
class RawServer {
  connections = 0
  readonly sockets = new Set<Socket>()
  /** Told of each head of a request. */
  answer: (socket: Socket, head: string) => void = (socket) => socket.write(answerOf('[]'))
  readonly #server = net.createServer((socket) => {
    this.connections++
    this.sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => this.sockets.delete(socket))
    let text = ''
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) return
      const head = text.slice(0, end)
      text = ''
      this.answer(socket, head)
    })
  })

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

describe('The pool of connections', () => {
  let server: RawServer
  const clients: SlsClient[] = []

  function client(options: Partial<ClientOptions> = {}): SlsClient {
    const made = new SlsClient({
      endpoint: server.endpoint,
      project: 'demo',
      credentials: { accessKeyId: 'id', accessKeySecret: 'secret' },
      ...options
    })
    clients.push(made)
    return made
  }

  beforeEach(async () => {
    server = new RawServer()
    await server.start()
  })

  afterEach(async () => {
    for (const made of clients.splice(0)) made.close()
    await server.close()
  })

  it('passes over answers that are not final', async () => {
    server.answer = (socket) =>
      socket.write(
        `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n${answerOf('[]')}`
      )
    assert.deepEqual(await client().listShards('access'), [])
  })

  for (const [what, more] of [
    ['closes it', 'connection: close\r\n'],
    ['closes it, as old proxies say it', 'proxy-connection: close\r\n'],
    ['is about to close it', 'Keep-Alive: Timeout=1\r\n']
  ] as const) {
    it(`does not use a connection again where the server says that it ${what}`, async () => {
      server.answer = (socket) => socket.write(answerOf('[]', more))
      const sls = client()
      await sls.listShards('access')
      await sls.listShards('access')
      assert.equal(server.connections, 2)
      await eventually(() => sls.stats().openSockets === 0)
    })
  }

  it('uses a connection again where the server says how long it keeps it', async () => {
    server.answer = (socket) => socket.write(answerOf('[]', 'keep-alive: timeout=5, max=100\r\n'))
    const sls = client()
    for (let call = 0; call < 3; call++) await sls.listShards('access')
    assert.equal(server.connections, 1)
  })

  it('takes what comes unasked for no answer to the next call', async () => {
    const sls = client()
    await sls.listShards('access')
    for (const socket of server.sockets) socket.write(answerOf('[{"shardID":1}]'))
    await eventually(() => sls.stats().openSockets === 0)
    assert.deepEqual(await sls.listShards('access'), [])
    assert.equal(server.connections, 2)
  })

  it('does not trust an answer that more follows', async () => {
    server.answer = (socket) => socket.write(`${answerOf('[]')}${answerOf('[]')}`)
    const sls = client()
    const error = await rejection(sls.listShards('access'))
    assert.deepEqual([error.code, error.retryability], ['BadResponse', 'transient'])
    await eventually(() => sls.stats().openSockets === 0)
  })

  it('takes a connection that the server closed for none', async () => {
    const sls = client()
    await sls.listShards('access')
    for (const socket of server.sockets) socket.end()
    await eventually(() => sls.stats().openSockets === 0)
    assert.deepEqual(await sls.listShards('access'), [])
  })

  it('reads an answer that comes before the whole request was sent, and sends nothing else on that connection', async () => {
    const refusal = '{"errorCode":"PostBodyTooLarge","errorMessage":"x"}'
    server.answer = (socket) => {
      socket.pause()
      socket.write(
        `HTTP/1.1 413 No\r\nx-log-requestid: ${requestId}\r\ncontent-length: ${refusal.length}\r\n\r\n${refusal}`
      )
    }
    const sls = client()
    const body = Buffer.alloc(16 * 1024 * 1024)
    const error = await rejection(
      sls.putLogs({ logstore: 'access', body, rawSize: body.length, compression: 'none' })
    )
    assert.deepEqual([error.code, error.status], ['PostBodyTooLarge', 413])
    server.answer = (socket) => socket.write(answerOf('[]'))
    assert.deepEqual(await sls.listShards('access'), [])
    assert.equal(server.connections, 2)
  })

  it('serves the calls that wait in their order, without those that were given up', async () => {
    const held: (() => void)[] = []
    const asked: string[] = []
    server.answer = (socket, head) => {
      asked.push(/logstores\/(\w+)/.exec(head)?.[1] ?? '')
      held.push(() => socket.write(answerOf('[]')))
    }
    const sls = client({ maxSockets: 1 })
    const first = sls.listShards('a')
    await eventually(() => held.length === 1)
    const given = new AbortController()
    const second = sls.listShards('b', given.signal)
    const third = sls.listShards('c')
    const fourth = sls.listShards('d')
    given.abort()
    assert.equal((await rejection(second)).code, 'Aborted')
    for (const call of [first, third, fourth]) {
      held.shift()?.()
      await call
      await eventually(() => held.length === 1 || asked.length === 3)
    }
    assert.deepEqual(asked, ['a', 'c', 'd'])
    assert.equal(server.connections, 1)
  })

  it('serves the calls that wait where the connection before them breaks, or does not come up', async () => {
    let broken = 0
    server.answer = (socket) => {
      if (++broken <= 2) socket.resetAndDestroy()
      else socket.write(answerOf('[]'))
    }
    const sls = client({ maxSockets: 1 })
    const calls = ['a', 'b', 'c', 'd'].map((logstore) =>
      sls.listShards(logstore).then(
        () => 'served',
        (error) => error.code
      )
    )
    assert.deepEqual(await Promise.all(calls), ['NetworkError', 'NetworkError', 'served', 'served'])

    const nobody = client({ maxSockets: 1, endpoint: 'http://127.0.0.1:9' })
    const refused = await Promise.all(['a', 'b', 'c'].map((name) => rejection(nobody.listShards(name))))
    assert.deepEqual(
      refused.map(({ code }) => code),
      ['NetworkError', 'NetworkError', 'NetworkError']
    )
    assert.equal(nobody.stats().openSockets, 0)
  })

  for (const how of ['aborted', 'closed'] as const) {
    it(`opens no connection for calls that wait when all are ${how}`, async () => {
      server.answer = () => undefined
      let attempts = 0
      const unwatch = watchAttempts(() => attempts++)
      try {
        const sls = client({ maxSockets: 2 })
        const given = new AbortController()
        setMaxListeners(0, given.signal)
        const calls = Array.from({ length: 20 }, () => rejection(sls.listShards('access', given.signal)))
        await eventually(() => attempts === 2)
        if (how === 'aborted') given.abort()
        else sls.close()
        await Promise.all(calls)
        assert.equal(attempts, 2)
        await eventually(() => sls.stats().openSockets === 0 && server.sockets.size === 0)
      } finally {
        unwatch()
      }
    })
  }

  it('keeps a connection that comes up for a call that waits where its own is given up', async () => {
    const given = new AbortController()
    const unwatch = watchAttempts(() => process.nextTick(() => given.abort()))
    try {
      const sls = client({ maxSockets: 1 })
      const first = rejection(sls.listShards('a', given.signal))
      assert.deepEqual(await sls.listShards('b'), [])
      assert.equal((await first).code, 'Aborted')
      assert.equal(server.connections, 1)
      assert.deepEqual([sls.stats().openSockets, sls.stats().idleSockets], [1, 1])
    } finally {
      unwatch()
    }
  })

  it('closes the connection of a call that was given up, and no other', async () => {
    const sls = client()
    const given = new AbortController()
    server.answer = (socket, head) => {
      if (head.includes('/slow/')) given.abort()
      else socket.write(answerOf('[]'))
    }
    await sls.listShards('a')
    assert.equal((await rejection(sls.listShards('slow', given.signal))).code, 'Aborted')
    await eventually(() => sls.stats().openSockets === 0)
    assert.deepEqual(await sls.listShards('a'), [])
    assert.deepEqual([sls.stats().openSockets, server.sockets.size], [1, 1])
  })

  it('keeps no process alive with connections that are idle', async () => {
    const before = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
    const sls = client()
    await sls.listShards('access')
    assert.equal(sls.stats().idleSockets, 1)
    const active = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
    assert.equal(active - before, 1) // the server's end
  })

  it('begins a second TLS connection where the first one left off', async () => {
    const stub = await StubServer.start((_request, response) => {
      response.shouldKeepAlive = false
      respond(response)
    }, true)
    const resumed: boolean[] = []
    stub.server.on('secureConnection', (socket: TLSSocket) => resumed.push(socket.isSessionReused()))
    try {
      const sls = stub.client({ tls: { ca: testCertificate.cert } })
      clients.push(sls)
      for (let call = 0; call < 3; call++) await sls.listShards('access')
      assert.deepEqual(resumed, [false, true, true])
    } finally {
      await stub.close()
    }
  })

  it('makes a whole TLS handshake again where the server does not stand what the first one left', async () => {
    const stub = await StubServer.start(undefined, true)
    const wires = new Map<number | undefined, Socket>()
    stub.server.on('connection', (wire: Socket) => wires.set(wire.remotePort, wire))
    stub.answer = (_request, response) => {
      response.shouldKeepAlive = false
      const socket = response.socket as TLSSocket
      if (socket.isSessionReused()) wires.get(socket.remotePort)?.resetAndDestroy()
      else respond(response)
    }
    try {
      const sls = stub.client({ tls: { ca: testCertificate.cert } })
      clients.push(sls)
      for (let round = 0; round < 2; round++) {
        assert.deepEqual(await sls.listShards('access'), [])
        assert.equal((await rejection(sls.listShards('access'))).code, 'NetworkError')
      }
    } finally {
      await stub.close()
    }
  })
})
