import type { ResponseReader } from './response-reader'

/** Whoever has an exchange in its hands: the queue, a connection that comes up, or the connection that serves it. */
export interface ExchangeHolder {
  /** Lets go of the exchange; it is told nothing more. */
  abandon(exchange: Exchange): void
}

/** One request and its answer; ends once, with `onDone` or `onFail`, unless it is cancelled. */
export class Exchange {
  holder: ExchangeHolder | undefined

  /** @param head request line and headers, in Latin-1 */
  constructor(
    readonly head: string,
    readonly body: Buffer | undefined,
    readonly reader: ResponseReader,
    readonly onDone: () => void,
    readonly onFail: (error: unknown) => void
  ) {}

  cancel(): void {
    const { holder } = this
    this.holder = undefined
    holder?.abandon(this)
  }

  done(): void {
    this.holder = undefined
    this.onDone()
  }

  fail(error: unknown): void {
    this.holder = undefined
    this.onFail(error)
  }
}
