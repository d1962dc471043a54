import http, { type IncomingHttpHeaders } from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { CallScope } from './call-scope'
import { connectionHost, projectAuthority, serverName } from './endpoint'
import { SlsError } from './errors'
import { networkError } from './network-error'
import type { CheckedOptions } from './options'
import { TunnelAgent } from './tunnel-agent'

export interface HttpRequest {
  /** For messages. */
  readonly name: string
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: Record<string, string | undefined>
  readonly body: Buffer | undefined
  /** Bytes of the answer's body that are taken at most. */
  readonly maxResponseSize: number
}

export interface HttpResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Milliseconds that an idle connection is kept. */
const idleTimeout = 30_000

/** One pool of connections to one endpoint; `send` is the only way to the network. */
export class HttpTransport {
  /** Bytes of bodies; headers are not counted. */
  bytesSent = 0
  bytesReceived = 0
  readonly #request: typeof http.request
  readonly #base: http.RequestOptions & { servername?: string }
  readonly #agent: http.Agent
  readonly #targetPrefix: string
  readonly #proxyAuthorization: string | undefined
  readonly #connectTimeout: number
  readonly #peer: string

  constructor(options: CheckedOptions) {
    const { endpoint, proxy, connectTimeout } = options
    const authority = projectAuthority(endpoint, options.project)
    const host = connectionHost(endpoint, options.project)
    const plainProxy = endpoint.secure ? undefined : proxy
    this.#connectTimeout = connectTimeout
    this.#agent = createAgent(options, { host, port: endpoint.port })
    this.#request = (plainProxy ?? endpoint).secure ? https.request : http.request
    this.#targetPrefix = plainProxy === undefined ? '' : `http://${authority}`
    this.#proxyAuthorization = plainProxy?.authorization
    this.#base = {
      agent: this.#agent,
      setHost: false,
      host: plainProxy?.host ?? host,
      port: plainProxy?.port ?? endpoint.port,
      servername:
        plainProxy === undefined ? (options.servername ?? serverName(host)) : serverName(plainProxy.host)
    }
    this.#peer = `${proxy === undefined ? '' : `through the proxy ${proxy.host}:${proxy.port} to `}${host}:${endpoint.port}`
  }

  /**
   * One request and its whole answer, whatever its status.
   * @throws SlsError `NetworkError`, `ConnectTimeout`, `BadResponse` (not HTTP, or too large), or what `scope` ends with.
   */
  send(request: HttpRequest, scope: CallScope): Promise<HttpResponse> {
    const { headers, body } = request
    if (body !== undefined) headers['content-length'] = String(body.length)
    if (this.#proxyAuthorization !== undefined) headers['proxy-authorization'] = this.#proxyAuthorization
    return new Promise((resolve, reject) => {
      const outgoing = this.#open(request)
      let settled = false
      const fail = (error: unknown) => {
        if (settled) return
        settled = true
        outgoing.destroy()
        reject(networkError(request.name, error, this.#peer))
      }
      outgoing.on('error', fail)
      outgoing.on('socket', (socket) => this.#limitConnect(request.name, socket, fail))
      outgoing.on('response', (incoming) => {
        collect(incoming, request, fail, (response) => {
          settled = true // from here on the connection may serve another call
          this.bytesReceived += response.body.length
          resolve(response)
        })
      })
      scope.onCancel(fail)
      outgoing.end(body)
      this.bytesSent += body?.length ?? 0
    })
  }

  sockets(): { open: number; idle: number } {
    const idle = count(this.#agent.freeSockets)
    return { open: count(this.#agent.sockets) + idle, idle }
  }

  /** Closes every connection. */
  close(): void {
    this.#agent.destroy()
  }

  #open({ name, method, target, headers }: HttpRequest): http.ClientRequest {
    try {
      return this.#request({ ...this.#base, method, path: this.#targetPrefix + target, headers })
    } catch (cause) {
      throw new SlsError('InvalidOption', `${name}: the request holds a character that HTTP does not allow`, {
        cause
      })
    }
  }

  #limitConnect(name: string, socket: Socket, fail: (error: SlsError) => void): void {
    if (!socket.connecting) return
    const timer = setTimeout(() => {
      fail(
        new SlsError(
          'ConnectTimeout',
          `${name}: no connection within ${this.#connectTimeout} ms (${this.#peer})`,
          {
            retryability: 'transient',
            hint: 'Check the endpoint, the network of this machine, and whether a proxy is needed'
          }
        )
      )
    }, this.#connectTimeout)
    const done = () => clearTimeout(timer)
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', done)
    socket.once('close', done)
  }
}

function createAgent(options: CheckedOptions, target: { host: string; port: number }): http.Agent {
  const { endpoint, proxy, secureContext } = options
  const pool: https.AgentOptions = { keepAlive: true, maxSockets: options.maxSockets, timeout: idleTimeout }
  if (!endpoint.secure && !proxy?.secure) return new http.Agent(pool)
  const secure: https.AgentOptions = {
    ...pool,
    rejectUnauthorized: options.rejectUnauthorized,
    ...(secureContext && { secureContext })
  }
  if (endpoint.secure && proxy !== undefined)
    return new TunnelAgent(proxy, target, options.connectTimeout, secure)
  return new https.Agent(secure)
}

function collect(
  incoming: http.IncomingMessage,
  request: HttpRequest,
  fail: (error: unknown) => void,
  done: (response: HttpResponse) => void
): void {
  const limit = request.maxResponseSize
  const tooLarge = () =>
    new SlsError('BadResponse', `${request.name}: the answer is larger than ${limit} bytes`, {
      status: incoming.statusCode,
      retryability: 'ordinary'
    })
  incoming.on('error', fail)
  const expected = Number(incoming.headers['content-length'] ?? 0)
  if (expected > limit) {
    fail(tooLarge())
    return
  }
  // Chunks are cut from larger memory, which a body that is kept must not keep.
  let body: Buffer = Buffer.allocUnsafeSlow(expected > 0 ? expected : 0)
  let size = 0
  incoming.on('data', (chunk: Buffer) => {
    if (size + chunk.length > limit) {
      fail(tooLarge())
      return
    }
    if (size + chunk.length > body.length)
      body = grown(body, size, Math.min(limit, (size + chunk.length) * 2))
    size += chunk.copy(body, size)
  })
  incoming.on('end', () => {
    done({
      status: incoming.statusCode ?? 0,
      headers: incoming.headers,
      body: size === body.length ? body : grown(body, size, size)
    })
  })
  incoming.on('close', () => {
    if (!incoming.complete) fail({ code: 'ECONNRESET' })
  })
}

/** A buffer of `length` bytes that begins with the first `size` bytes of another. */
function grown(buffer: Buffer, size: number, length: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(length)
  buffer.copy(larger, 0, 0, size)
  return larger
}

function count(pool: NodeJS.ReadOnlyDict<readonly unknown[]>): number {
  let sockets = 0
  for (const name in pool) sockets += pool[name]?.length ?? 0
  return sockets
}
