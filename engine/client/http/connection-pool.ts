import type { Socket } from 'node:net'
import { Connection, type ConnectionOwner } from './connection'
import type { Exchange, ExchangeHolder } from './exchange'
import type { Route } from './open-socket'
import { Opening } from './opening'

/** The connections to one server: serves exchanges in order, as many at a time as there may be connections. */
export class ConnectionPool implements ConnectionOwner, ExchangeHolder {
  readonly #route: Route
  readonly #maxConnections: number
  /** Longest idle first. */
  readonly #idle: Connection[] = []
  readonly #connections = new Set<Connection>()
  readonly #opening = new Set<Opening>()
  readonly #waiting = new Set<Exchange>()
  #sweep: NodeJS.Timeout | undefined

  constructor(route: Route, maxConnections: number) {
    this.#route = route
    this.#maxConnections = maxConnections
  }

  /** Serves the exchange as soon as there is a connection for it. */
  run(exchange: Exchange): void {
    const connection = this.#takeIdle()
    if (connection !== undefined) connection.start(exchange)
    else if (this.size < this.#maxConnections) this.#open(exchange)
    else {
      exchange.holder = this
      this.#waiting.add(exchange)
    }
  }

  abandon(exchange: Exchange): void {
    this.#waiting.delete(exchange)
  }

  /** Connections, those that come up included. */
  get size(): number {
    return this.#connections.size + this.#opening.size
  }

  get idle(): number {
    return this.#idle.length
  }

  /** Closes every connection. */
  close(): void {
    clearTimeout(this.#sweep)
    for (const opening of this.#opening) opening.close()
    for (const connection of this.#connections) connection.close()
  }

  onFree(connection: Connection): void {
    const exchange = this.#nextWaiting()
    if (exchange !== undefined) {
      connection.start(exchange)
      return
    }
    this.#idle.push(connection)
    this.#sweep ??= setTimeout(this.#closeExpired, connection.idleUntil - performance.now()).unref()
  }

  onClosed(connection: Connection): void {
    this.#connections.delete(connection)
    const index = this.#idle.indexOf(connection)
    if (index >= 0) this.#idle.splice(index, 1)
    this.#openForWaiting()
  }

  #takeIdle(): Connection | undefined {
    for (;;) {
      const connection = this.#idle.pop()
      if (connection === undefined) return undefined
      if (connection.isOpen && connection.idleUntil > performance.now()) return connection
      connection.close()
    }
  }

  #nextWaiting(): Exchange | undefined {
    for (const exchange of this.#waiting) {
      this.#waiting.delete(exchange)
      return exchange
    }
    return undefined
  }

  #open(first: Exchange): void {
    const settled = (exchange: Exchange, socket: Socket | undefined) => {
      this.#opening.delete(opening)
      if (socket === undefined) this.#openForWaiting()
      else {
        const connection = new Connection(socket, this)
        this.#connections.add(connection)
        connection.start(exchange)
      }
    }
    const opening = new Opening(first, () => this.#nextWaiting(), settled)
    this.#opening.add(opening)
    opening.start(this.#route)
  }

  #openForWaiting(): void {
    if (this.size >= this.#maxConnections) return
    const exchange = this.#nextWaiting()
    if (exchange !== undefined) this.#open(exchange)
  }

  readonly #closeExpired = (): void => {
    this.#sweep = undefined
    const now = performance.now()
    let next = Number.POSITIVE_INFINITY
    for (const connection of [...this.#idle]) {
      if (connection.idleUntil <= now) connection.close()
      else next = Math.min(next, connection.idleUntil)
    }
    if (next < Number.POSITIVE_INFINITY) this.#sweep = setTimeout(this.#closeExpired, next - now).unref()
  }
}
