import type { Socket } from 'node:net'
import type { Exchange, ExchangeHolder } from './exchange'
import { openSocket, type Route } from './open-socket'

/** A connection that comes up for an exchange, or for one that waits where that is abandoned. */
export class Opening implements ExchangeHolder {
  #exchange: Exchange
  readonly #next: () => Exchange | undefined
  readonly #onSettled: (exchange: Exchange, socket: Socket | undefined) => void
  #giveUp: (() => void) | undefined

  /**
   * @param next an exchange that waits
   * @param onSettled told once: with the socket, or without one where none came up or nobody wants it any more.
   */
  constructor(
    exchange: Exchange,
    next: () => Exchange | undefined,
    onSettled: (exchange: Exchange, socket: Socket | undefined) => void
  ) {
    this.#exchange = exchange
    this.#next = next
    this.#onSettled = onSettled
  }

  start(route: Route): void {
    this.#exchange.holder = this
    this.#giveUp = openSocket(route, (error, socket) => {
      if (socket === undefined) this.#exchange.fail(error)
      this.#onSettled(this.#exchange, socket)
    })
  }

  abandon(): void {
    const next = this.#next()
    if (next === undefined) this.close()
    else {
      this.#exchange = next
      next.holder = this
    }
  }

  close(): void {
    this.#giveUp?.()
    this.#onSettled(this.#exchange, undefined)
  }
}
