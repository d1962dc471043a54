import http from 'node:http'
import https, { Agent, type AgentOptions, type RequestOptions } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import { serverName } from './endpoint'
import { SlsError } from './errors'
import { networkError } from './network-error'
import type { ProxyServer } from './proxy-server'

export interface TunnelTarget {
  host: string
  port: number
}

/**
 * Keeps TLS connections to one server that run through a proxy (CONNECT). A connection that is not up within the
 * connect time-out fails and leaves no socket behind, so that a silent proxy cannot use up the pool.
 */
export class TunnelAgent extends Agent {
  readonly #proxy: ProxyServer
  readonly #target: TunnelTarget
  readonly #connectTimeout: number
  readonly #pending = new Set<http.ClientRequest>()

  /** @param connectTimeout milliseconds for the proxy, its answer and the TLS handshake together. */
  constructor(proxy: ProxyServer, target: TunnelTarget, connectTimeout: number, options: AgentOptions) {
    super(options)
    this.#proxy = proxy
    this.#target = target
    this.#connectTimeout = connectTimeout
  }

  override createConnection(
    options: RequestOptions,
    callback?: (error: Error | null, stream: Duplex) => void
  ): undefined {
    const { host, port } = this.#target
    const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`
    const headers: http.OutgoingHttpHeaders = { host: authority }
    if (this.#proxy.authorization !== undefined) headers['proxy-authorization'] = this.#proxy.authorization
    const request = (this.#proxy.secure ? https : http).request({
      host: this.#proxy.host,
      port: this.#proxy.port,
      method: 'CONNECT',
      path: authority,
      headers,
      setHost: false,
      agent: false,
      ...(this.#proxy.secure && this.#proxyTls)
    })
    let tunnel: Socket | undefined
    let settled = false
    const settle = (error: Error | null, stream?: Duplex) => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      this.#pending.delete(request)
      if (error !== null) {
        request.destroy()
        tunnel?.destroy()
      }
      // Node reads the stream only where there is no error.
      callback?.(error, stream as Duplex)
    }
    const timer = setTimeout(() => {
      settle(
        new SlsError(
          'ConnectTimeout',
          `No connection through the proxy ${this.#peer} within ${this.#connectTimeout} ms`,
          {
            retryability: 'transient',
            hint: 'Check the proxy and the endpoint'
          }
        )
      )
    }, this.#connectTimeout)
    this.#pending.add(request)
    request.on('error', (error) => settle(networkError('Proxy', error, this.#peer)))
    request.on('response', (response) => {
      response.resume()
      settle(proxyRefusal(response.statusCode ?? 0, this.#peer))
    })
    request.on('connect', (response, socket) => {
      tunnel = socket
      if (response.statusCode !== 200) return settle(proxyRefusal(response.statusCode ?? 0, this.#peer))
      const secured = tls.connect({ ...(options as tls.ConnectionOptions), socket })
      secured.once('secureConnect', () => {
        secured.off('error', settle)
        settle(null, secured)
      })
      secured.once('error', settle)
      secured.once('close', () => settle(networkError('Proxy', { code: 'ECONNRESET' }, this.#peer)))
    })
    request.end()
    return undefined
  }

  override destroy(): void {
    for (const request of this.#pending) request.destroy()
    super.destroy()
  }

  /** Without a name of its own, Node takes that of the Host header, which is the endpoint's. */
  get #proxyTls(): RequestOptions {
    const { secureContext, rejectUnauthorized } = this.options
    return {
      servername: serverName(this.#proxy.host),
      rejectUnauthorized,
      ...(secureContext && { secureContext })
    }
  }

  get #peer(): string {
    return `${this.#proxy.host}:${this.#proxy.port}`
  }
}

/** What a proxy's own answer means. */
export function proxyRefusal(status: number, peer: string): SlsError {
  return new SlsError('NetworkError', `The proxy ${peer} refused with HTTP ${status}`, {
    status,
    retryability: status >= 500 ? 'transient' : 'ordinary',
    hint: status === 407 ? 'Give the user name and password of the proxy' : 'Check the proxy'
  })
}
