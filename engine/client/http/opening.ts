import type { Socket } from 'node:net'
import type { Exchange, ExchangeHolder } from './exchange'
import { openSocket, type Route } from './open-socket'

/** A connection that comes up for one exchange. */
export class Opening implements ExchangeHolder {
  readonly #exchange: Exchange
  readonly #onSettled: (socket: Socket | undefined) => void
  #giveUp: (() => void) | undefined

  /** @param onSettled told once: with the socket, or without one where none came up or the exchange was abandoned. */
  constructor(exchange: Exchange, onSettled: (socket: Socket | undefined) => void) {
    this.#exchange = exchange
    this.#onSettled = onSettled
  }

  start(route: Route): void {
    this.#exchange.holder = this
    this.#giveUp = openSocket(route, (error, socket) => {
      if (socket === undefined) this.#exchange.fail(error)
      this.#onSettled(socket)
    })
  }

  abandon(): void {
    this.#giveUp?.()
    this.#onSettled(undefined)
  }
}
