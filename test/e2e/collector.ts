import http from 'node:http'
import type { AddressInfo } from 'node:net'

/** Where a flow under test delivers to: each HTTP request bears one JSON value, which is kept before it is answered. */
export class Collector<T> {
  readonly received: T[] = []
  readonly #server: http.Server
  readonly #waiting = new Set<() => void>()

  private constructor(server: http.Server) {
    this.#server = server
  }

  static async start<T>(): Promise<Collector<T>> {
    const server = http.createServer()
    const collector = new Collector<T>(server)
    server.on('request', (request, response) => collector.#receive(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return collector
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  #receive(request: http.IncomingMessage, response: http.ServerResponse): void {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => response.destroy())
    request.on('end', () => {
      this.received.push(JSON.parse(Buffer.concat(chunks).toString('utf8')) as T)
      response.end('ok')
      for (const wake of this.#waiting) wake()
    })
  }

  /** Resolves when what was received fulfils the condition; rejects after `ms`. */
  async until(what: string, holds: (received: readonly T[]) => boolean, ms = 60_000): Promise<void> {
    if (holds(this.received)) return
    await new Promise<void>((resolve, reject) => {
      const settle = (end: () => void) => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        end()
      }
      const look = () => {
        if (holds(this.received)) settle(resolve)
      }
      const timer = setTimeout(
        () =>
          settle(() => reject(new Error(`${what}: not within ${ms} ms, ${this.received.length} received`))),
        ms
      )
      this.#waiting.add(look)
    })
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}
