// Which port a server of the demo gets.
import { connect, createServer } from 'node:net'

/**
 * Starts a server on its preferred port of 127.0.0.1, or on any free one (port 0) where somebody else holds that one,
 * or was quicker to take it.
 * @template Server
 * @param {(port: number) => Promise<Server>} start
 * @returns {Promise<Server>}
 */
export async function startOnPort(preferred, start) {
  const port = (await isFree(preferred)) ? preferred : 0
  try {
    return await start(port)
  } catch (error) {
    if (port === 0 || (await isFree(preferred))) throw error
    return await start(0)
  }
}

async function isFree(port) {
  return !(await answers(port)) && (await canListen(port))
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1_000 })
    const settle = (held) => {
      socket.destroy()
      resolve(held)
    }
    socket.once('connect', () => settle(true))
    socket.once('timeout', () => settle(true))
    socket.once('error', () => settle(false))
  })
}

function canListen(port) {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
