import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo, Server, Socket } from 'node:net'
import path from 'node:path'
import { SlsClient } from '../../../engine/client/client'
import { SlsError } from '../../../engine/client/errors'
import type { ClientOptions } from '../../../engine/client/options'

export interface ReceivedRequest {
  method: string
  url: string
  headers: http.IncomingHttpHeaders
  body: Buffer
  /** Numbers the connections from 1. */
  connection: number
}

export type Answer = (request: ReceivedRequest, response: http.ServerResponse) => void

export const testCertificate = {
  key: readFileSync(path.resolve('test/fixtures/tls/localhost-key.pem')),
  cert: readFileSync(path.resolve('test/fixtures/tls/localhost-cert.pem'))
}

/** A server that answers what a test tells it to, and notes what it was asked. */
export class StubServer {
  readonly requests: ReceivedRequest[] = []
  connections = 0
  answer: Answer = (_request, response) => respond(response)
  readonly server: Server
  readonly #sockets = new Set<Socket>()
  readonly #secure: boolean

  private constructor(secure: boolean) {
    this.#secure = secure
    this.server = secure ? https.createServer(testCertificate, this.#take) : http.createServer(this.#take)
    this.server.on('connection', (socket: Socket) => {
      this.connections++
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  static async start(answer?: Answer, secure = false): Promise<StubServer> {
    const stub = new StubServer(secure)
    if (answer !== undefined) stub.answer = answer
    await new Promise<void>((resolve) => stub.server.listen(0, '127.0.0.1', resolve))
    return stub
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  get endpoint(): string {
    return `${this.#secure ? 'https' : 'http'}://127.0.0.1:${this.port}`
  }

  get last(): ReceivedRequest {
    const last = this.requests.at(-1)
    if (last === undefined) throw new Error('the stub was not asked')
    return last
  }

  client(options: Partial<ClientOptions> = {}): SlsClient {
    return new SlsClient({
      endpoint: this.endpoint,
      project: 'demo',
      credentials: { accessKeyId: 'testKeyId', accessKeySecret: 'testKeySecret' },
      ...options
    })
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.server.close(resolve))
  }

  readonly #take = (incoming: http.IncomingMessage, response: http.ServerResponse): void => {
    const chunks: Buffer[] = []
    const connection = this.connections
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const request = {
        method: incoming.method ?? '',
        url: incoming.url ?? '',
        headers: incoming.headers,
        body: Buffer.concat(chunks),
        connection
      }
      this.requests.push(request)
      this.answer(request, response)
    })
  }
}

export const requestId = '5FC5E5B9A2D3C4E5F6A7B8C9'

export function respond(
  response: http.ServerResponse,
  body: unknown = [],
  status = 200,
  headers: http.OutgoingHttpHeaders = {}
): void {
  response.writeHead(status, { 'x-log-requestid': requestId, 'content-type': 'application/json', ...headers })
  response.end(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body))
}

/** Resolves when the condition holds; the test's own time-out ends a wait that is in vain. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1))
}

/** The SlsError that the promise rejects with; anything else fails the test. */
export async function rejection(promise: Promise<unknown>): Promise<SlsError> {
  let result: unknown
  try {
    result = await promise
  } catch (error) {
    if (error instanceof SlsError) return error
    throw new Error(`rejected with something other than SlsError: ${String(error)}`)
  }
  throw new Error(`did not reject but gave ${JSON.stringify(result)}`)
}
