import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { SlsEmulator } from '../../../emulator'

/** Answers a request in the service's place; false hands it on. */
export type Interception = (request: http.IncomingMessage, response: http.ServerResponse) => boolean

/** A gateway before the emulator: what passes it is noted, and some of it does not pass. */
export class Gateway {
  /** Headers of the writes that were handed on. */
  readonly writes: http.IncomingHttpHeaders[] = []
  intercept: Interception = () => false
  readonly #server: http.Server

  private constructor(private readonly behind: SlsEmulator) {
    this.#server = http.createServer((request, response) => this.#take(request, response))
  }

  static async before(service: SlsEmulator): Promise<Gateway> {
    const gateway = new Gateway(service)
    await new Promise<void>((resolve) => gateway.#server.listen(0, '127.0.0.1', resolve))
    return gateway
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #take(request: http.IncomingMessage, response: http.ServerResponse): void {
    if (this.intercept(request, response)) {
      request.resume()
      return
    }
    if (request.method === 'POST') this.writes.push(request.headers)
    const { method, url: path, headers } = request
    const onward = http.request({ host: '127.0.0.1', port: this.behind.port, method, path, headers })
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  }
}
