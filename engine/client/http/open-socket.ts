import net, { type Socket } from 'node:net'
import tls from 'node:tls'
import type { ProxyServer } from '../proxy-server'
import { ConnectTimeout } from './connect-timeout'
import type { Security } from './security'
import { openTunnel } from './tunnel'

/** The way to a server: directly, or through a proxy that passes bytes on (CONNECT). */
export interface Route {
  readonly host: string
  readonly port: number
  readonly security: Security | undefined
  readonly tunnel: { readonly proxy: ProxyServer; readonly security: Security } | undefined
  /** Milliseconds for all that comes before the first request. */
  readonly connectTimeout: number
}

type Ready = (error: unknown, socket?: Socket) => void

/**
 * Opens a connection that is ready for requests.
 * @param ready told once, later: with the socket, or with what went wrong.
 * @returns gives up, and leaves nothing open; `ready` is not told then.
 */
export function openSocket(route: Route, ready: Ready): () => void {
  let close = (): void => undefined
  const end = (): void => {
    clearTimeout(timer)
    close()
  }
  const timer = setTimeout(() => {
    end()
    ready(new ConnectTimeout(route.connectTimeout))
  }, route.connectTimeout)
  const secured: Ready = (error, socket) => {
    clearTimeout(timer)
    ready(error, socket)
  }
  if (route.tunnel === undefined) {
    close = openDirect(route, secured)
    return end
  }
  close = openTunnel(route.tunnel.proxy, route.tunnel.security, route, (error, socket) => {
    if (socket === undefined || route.security === undefined) secured(error, socket)
    else close = secure({ host: route.host, socket }, route.security, secured)
  })
  return end
}

function openDirect(route: Route, ready: Ready): () => void {
  const { host, port, security } = route
  if (security !== undefined) return secure({ host, port }, security, ready)
  return whenUp(net.connect({ host, port }), 'connect', ready)
}

/** @param target the host, and the port or the socket that leads to it. */
function secure(target: tls.ConnectionOptions, security: Security, ready: Ready): () => void {
  const { servername, secureContext, rejectUnauthorized, session } = security
  const socket = tls.connect({
    ...target,
    servername,
    rejectUnauthorized,
    ...(secureContext && { secureContext }),
    ...(session && { session })
  })
  socket.on('session', (next) => {
    security.session = next
  })
  // What went wrong may be due to the session: the next connection begins without one.
  const forget = () => {
    security.session = undefined
  }
  socket.on('error', forget)
  const giveUp = whenUp(socket, 'secureConnect', ready)
  return () => {
    forget()
    giveUp()
  }
}

/** @returns gives up. */
function whenUp(socket: Socket, event: 'connect' | 'secureConnect', ready: Ready): () => void {
  const forget = () => socket.off(event, onUp).off('error', onError).off('close', onClose)
  const close = () => {
    forget()
    socket.on('error', () => undefined) // which a connection that is given up may still have
    socket.destroy()
  }
  const onUp = () => {
    forget()
    ready(undefined, socket)
  }
  const onError = (error: unknown) => {
    close()
    ready(error)
  }
  const onClose = () => onError({ code: 'ECONNRESET' })
  socket.once(event, onUp).once('error', onError).once('close', onClose)
  return close
}
