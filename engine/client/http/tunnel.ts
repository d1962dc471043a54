import http from 'node:http'
import https, { type RequestOptions } from 'node:https'
import type { Socket } from 'node:net'
import { SlsError } from '../errors'
import { networkError } from '../network-error'
import type { ProxyServer } from '../proxy-server'
import type { Security } from './security'

/** Asks a proxy to pass bytes on to a host and port (CONNECT, RFC 9110 9.3.6). As `openSocket`. */
export function openTunnel(
  proxy: ProxyServer,
  security: Security,
  { host, port }: { host: string; port: number },
  ready: (error: unknown, socket?: Socket) => void
): () => void {
  const peer = `${proxy.host}:${proxy.port}`
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const headers: http.OutgoingHttpHeaders = { host: authority }
  if (proxy.authorization !== undefined) headers['proxy-authorization'] = proxy.authorization
  const request = (proxy.secure ? https : http).request({
    host: proxy.host,
    port: proxy.port,
    method: 'CONNECT',
    path: authority,
    headers,
    setHost: false,
    agent: false,
    ...(proxy.secure && tlsOptions(security))
  })
  let isSettled = false
  const close = () => {
    isSettled = true
    request.destroy()
  }
  const settle = (error: unknown, socket?: Socket) => {
    if (isSettled) {
      socket?.destroy()
      return
    }
    isSettled = true
    if (socket === undefined) request.destroy()
    ready(error, socket)
  }
  request.on('error', (error) => settle(networkError('Proxy', error, peer)))
  request.on('response', ({ statusCode }) => settle(proxyRefusal(statusCode ?? 0, peer)))
  request.on('connect', ({ statusCode = 0 }, socket) => {
    if (statusCode === 200) settle(undefined, socket)
    else {
      socket.destroy()
      settle(proxyRefusal(statusCode, peer))
    }
  })
  request.end()
  return close
}

/** Without a name of its own, Node takes that of the Host header, which is the endpoint's. */
function tlsOptions({ servername, secureContext, rejectUnauthorized }: Security): RequestOptions {
  return { servername, rejectUnauthorized, ...(secureContext && { secureContext }) }
}

/** What a proxy's own answer means. */
function proxyRefusal(status: number, peer: string): SlsError {
  return new SlsError('NetworkError', `The proxy ${peer} refused with HTTP ${status}`, {
    status,
    retryability: status >= 500 ? 'transient' : 'ordinary',
    hint: status === 407 ? 'Give the user name and password of the proxy' : 'Check the proxy'
  })
}
