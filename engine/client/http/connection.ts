import type { Socket } from 'node:net'
import type { Exchange, ExchangeHolder } from './exchange'

/** Milliseconds that an idle connection is kept. */
const idleTimeout = 30_000
/** Milliseconds by which a connection is given up before the peer says that it closes it. */
const idleMargin = 1000
/** Milliseconds of silence after which the system probes whether the peer is still there. */
const keepAliveDelay = 1000

export interface ConnectionOwner {
  /** The connection may serve another exchange. */
  onFree(connection: Connection): void
  /** The connection is closed. */
  onClosed(connection: Connection): void
}

/** One connection that is up; serves one exchange at a time. */
export class Connection implements ExchangeHolder {
  /** `performance.now()` until which it may be used again; meaningful while it is idle. */
  idleUntil = 0
  readonly #socket: Socket
  readonly #owner: ConnectionOwner
  #exchange: Exchange | undefined

  constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket
    this.#owner = owner
    socket.setNoDelay(true)
    socket.setKeepAlive(true, keepAliveDelay)
    socket.on('data', this.#read).on('end', this.#ended).on('error', this.#failed).on('close', this.#closed)
  }

  /** Sends the request; its body must not change until the exchange ends. */
  start(exchange: Exchange): void {
    this.#exchange = exchange
    exchange.holder = this
    const socket = this.#socket
    socket.ref()
    if (exchange.body === undefined) socket.write(exchange.head, 'latin1')
    else {
      socket.cork()
      socket.write(exchange.head, 'latin1')
      socket.write(exchange.body)
      socket.uncork()
    }
  }

  abandon(): void {
    this.#exchange = undefined
    this.close()
  }

  close(): void {
    this.#socket.destroy()
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed
  }

  readonly #read = (bytes: Buffer): void => {
    const exchange = this.#exchange
    if (exchange === undefined) {
      this.close()
      return
    }
    try {
      if (!exchange.reader.read(bytes)) return
    } catch (error) {
      this.#failed(error)
      return
    }
    this.#finish(exchange)
  }

  #finish(exchange: Exchange): void {
    this.#exchange = undefined
    const idleTime = idleTimeOf(exchange)
    // Where the peer answered before it had the whole request, the rest of that is still to come.
    if (idleTime <= 0 || this.#socket.writableLength > 0) this.close()
    else {
      this.#socket.unref()
      this.idleUntil = performance.now() + idleTime
      this.#owner.onFree(this)
    }
    exchange.done()
  }

  readonly #ended = (): void => {
    const exchange = this.#exchange
    this.#exchange = undefined
    this.close()
    if (exchange === undefined) return
    if (exchange.reader.ended()) exchange.done()
    else exchange.fail({ code: 'ECONNRESET' })
  }

  readonly #failed = (error: unknown): void => {
    const exchange = this.#exchange
    this.#exchange = undefined
    this.close()
    exchange?.fail(error)
  }

  readonly #closed = (): void => {
    this.#failed({ code: 'ECONNRESET' })
    this.#owner.onClosed(this)
  }
}

/** Milliseconds for which the connection may wait for another request; 0 or less where it may serve none. */
function idleTimeOf({ reader: { head } }: Exchange): number {
  if (!head.isPersistent) return 0
  const timeout = /\btimeout=(\d+)/i.exec(head.headers['keep-alive'] ?? '')?.[1]
  return timeout === undefined ? idleTimeout : Math.min(idleTimeout, Number(timeout) * 1000 - idleMargin)
}
