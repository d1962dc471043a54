import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { answerControl, type Controlled, isControl } from './control'
import { ConnectionCut } from './http/connection-cut'
import { type Reply, refusal } from './http/reply'
import { readRequest } from './http/request'
import { RequestIds } from './http/request-id'
import type { Answer, Service } from './service'
import { ServiceError } from './service-error'

export interface ServerOptions {
  controlled: Controlled
  /** Unix milliseconds. */
  clock: () => number
  /** Told of failures that are the emulator's own. */
  onInternalError: (error: unknown, requestId: string) => void
}

/** Bytes of request line and headers: a query stands in the request line. */
const MAX_HEADERS = 256 * 1024

/** Of the service's answers, which are signed for; not of the control calls, which any page could read then. */
const ANY_ORIGIN = { 'access-control-allow-origin': '*' }

/** Carries requests from HTTP to the service and answers back, whole or as a fault will have it. */
export class EmulatorServer {
  readonly #server: Server
  readonly #requestIds = new RequestIds()
  #endpoint = ''
  #port = 0

  constructor(
    private readonly service: Service,
    private readonly options: ServerOptions
  ) {
    const serve = (request: IncomingMessage, response: ServerResponse) => {
      this.#serve(request, response).catch(() => response.destroy())
    }
    this.#server = createServer(
      {
        keepAlive: true,
        noDelay: true,
        requestTimeout: 0,
        maxHeaderSize: MAX_HEADERS,
        requireHostHeader: false
      },
      serve
    )
    this.#server.on('checkExpectation', serve)
    this.#server.on('connect', (_request, socket: Duplex) => {
      socket.on('error', () => socket.destroy())
      socket.end(this.#malformedAnswer(405, 'InvalidMethod', 'method CONNECT is not allowed'))
    })
    this.#server.on('clientError', (_error, socket) => {
      if (!socket.writable) socket.destroy()
      else socket.end(this.#malformedAnswer(400, 'BadRequest', 'the request is not valid HTTP'))
    })
    this.#server.keepAliveTimeout = 60_000
  }

  get endpoint(): string {
    return this.#endpoint
  }

  get port(): number {
    return this.#port
  }

  /** Rejects when the port is taken or the address not ours. */
  listen(port: number, host: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        this.#port = (this.#server.address() as AddressInfo).port
        this.#endpoint = `http://${host.includes(':') ? `[${host}]` : host}:${this.#port}`
        resolve()
      })
    })
  }

  /** Stops listening and cuts the open connections. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = () => goneSignal(response)
    const requestId = this.#requestIds.next(this.options.clock())
    try {
      this.#deliver(response, requestId, await this.#answer(incoming, gone))
    } catch (error) {
      if (error instanceof ConnectionCut) {
        response.destroy()
        return
      }
      const known = error instanceof ServiceError ? error : this.#internalError(error, requestId)
      this.#deliver(response, requestId, this.#whole(refusal(known)))
    }
  }

  async #answer(incoming: IncomingMessage, gone: () => AbortSignal): Promise<Answer> {
    const request = await readRequest(incoming)
    if (isControl(request)) return this.#whole(answerControl(request, this.options.controlled))
    const answer = await this.service.answer(request, gone)
    return { ...answer, reply: { ...answer.reply, headers: { ...ANY_ORIGIN, ...answer.reply.headers } } }
  }

  #whole(reply: Reply): Answer {
    return { reply, now: this.options.clock(), delivery: 'whole' }
  }

  #deliver(response: ServerResponse, requestId: string, { reply, now, delivery }: Answer): void {
    if (delivery === 'cut') {
      response.destroy()
      return
    }
    response.writeHead(reply.status, {
      server: 'Tengine',
      date: new Date(now).toUTCString(),
      'x-log-requestid': requestId,
      'x-log-time': String(Math.floor(now / 1000)),
      ...reply.headers,
      'content-length': String(reply.body.length)
    })
    if (delivery === 'half') {
      response.write(reply.body.subarray(0, reply.body.length >>> 1), () => response.destroy())
    } else if (reply.body.length === 0) response.end()
    else response.end(delivery === 'corrupt' ? corrupted(reply.body) : reply.body)
  }

  /** What is told to a peer whose bytes never became a request. */
  #malformedAnswer(status: number, code: string, message: string): string {
    const body = JSON.stringify(new ServiceError(status, code, message).toBody())
    return [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      'content-type: application/json',
      `x-log-requestid: ${this.#requestIds.next(this.options.clock())}`,
      `content-length: ${Buffer.byteLength(body)}`,
      'connection: close',
      '',
      body
    ].join('\r\n')
  }

  #internalError(error: unknown, requestId: string): ServiceError {
    this.options.onInternalError(error, requestId)
    return new ServiceError(500, 'InternalServerError', 'internal server error')
  }
}

/** Aborts when the client has gone. */
function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  return gone.signal
}

/** The body with some bytes in its middle inverted. */
function corrupted(body: Buffer): Buffer {
  const wrong = Buffer.from(body)
  const start = body.length >>> 1
  for (let i = start; i < Math.min(start + 16, wrong.length); i++) wrong[i] = (wrong[i] ?? 0) ^ 0xff
  return wrong
}
