// Which port a server of the demo gets.
import { connect, createServer } from 'node:net'

/** The preferred port of 127.0.0.1 if nobody holds it, else 0, with which the system picks a free one. */
export async function preferredPort(port) {
  return (await answers(port)) || !(await canListen(port)) ? 0 : port
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
