import type { CallScope } from './call-scope'
import { connectionHost, projectAuthority, serverName } from './endpoint'
import { SlsError } from './errors'
import { ConnectionPool } from './http/connection-pool'
import { Exchange } from './http/exchange'
import type { Route } from './http/open-socket'
import { requestHead } from './http/request-head'
import type { ResponseHeaders } from './http/response-head'
import { ResponseReader } from './http/response-reader'
import type { Security } from './http/security'
import { networkError } from './network-error'
import type { CheckedOptions } from './options'

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
  readonly headers: ResponseHeaders
  readonly body: Buffer
}

/** One pool of connections to one endpoint; `send` is the only way to the network. */
export class HttpTransport {
  /** Bytes of bodies; headers are not counted. */
  bytesSent = 0
  bytesReceived = 0
  readonly #pool: ConnectionPool
  readonly #targetPrefix: string
  readonly #proxyAuthorization: string | undefined
  readonly #peer: string

  constructor(options: CheckedOptions) {
    const { endpoint, proxy } = options
    const host = connectionHost(endpoint, options.project)
    const plainProxy = endpoint.secure ? undefined : proxy
    this.#pool = new ConnectionPool(routeOf(options, host), options.maxSockets)
    this.#targetPrefix =
      plainProxy === undefined ? '' : `http://${projectAuthority(endpoint, options.project)}`
    this.#proxyAuthorization = plainProxy?.authorization
    this.#peer = `${proxy === undefined ? '' : `through the proxy ${proxy.host}:${proxy.port} to `}${host}:${endpoint.port}`
  }

  /**
   * One request and its whole answer, whatever its status.
   * @throws SlsError `NetworkError`, `ConnectTimeout`, `BadResponse` (not HTTP, or too large), `InvalidOption` (a
   * character that HTTP does not allow), or what `scope` ends with.
   */
  send(request: HttpRequest, scope: CallScope): Promise<HttpResponse> {
    const { name, body } = request
    return new Promise((resolve, reject) => {
      const reader = new ResponseReader(name, request.maxResponseSize)
      const done = () => {
        const { head, body: answer } = reader
        this.bytesReceived += answer.length
        resolve({ status: head.status, headers: head.headers, body: answer })
      }
      const fail = (error: unknown) => reject(networkError(name, error, this.#peer))
      const exchange = new Exchange(this.#head(request), body, reader, done, fail)
      this.#pool.run(exchange)
      this.bytesSent += body?.length ?? 0
      scope.onCancel((error) => {
        exchange.cancel()
        reject(error)
      })
    })
  }

  sockets(): { open: number; idle: number } {
    return { open: this.#pool.size, idle: this.#pool.idle }
  }

  /** Closes every connection. */
  close(): void {
    this.#pool.close()
  }

  #head({ name, method, target, headers, body }: HttpRequest): string {
    if (body !== undefined) headers['content-length'] = String(body.length)
    headers['connection'] = 'keep-alive'
    if (this.#proxyAuthorization !== undefined) headers['proxy-authorization'] = this.#proxyAuthorization
    try {
      return requestHead(method, this.#targetPrefix + target, headers)
    } catch (cause) {
      throw new SlsError('InvalidOption', `${name}: the request holds a character that HTTP does not allow`, {
        cause
      })
    }
  }
}

function routeOf(options: CheckedOptions, host: string): Route {
  const { endpoint, proxy, connectTimeout } = options
  const security = (servername: string): Security => ({
    servername,
    secureContext: options.secureContext,
    rejectUnauthorized: options.rejectUnauthorized
  })
  const end = {
    host,
    port: endpoint.port,
    security: endpoint.secure ? security(options.servername ?? serverName(host)) : undefined,
    tunnel: undefined,
    connectTimeout
  }
  if (proxy === undefined) return end
  const proxySecurity = security(serverName(proxy.host))
  if (endpoint.secure) return { ...end, tunnel: { proxy, security: proxySecurity } }
  return {
    ...end,
    host: proxy.host,
    port: proxy.port,
    security: proxy.secure ? proxySecurity : undefined
  }
}
