import http from 'node:http'
import https from 'node:https'
import { Reply } from './reply'
import { percentEncode, type WireRequest } from './signature'
import type { Target } from './target'

/** Sends a request as it stands; `chunked` leaves the length of the body unsaid. */
export class Exchange {
  readonly #agents = {
    'http:': new http.Agent({ keepAlive: true }),
    'https:': new https.Agent({ keepAlive: true })
  }

  send(request: WireRequest, to: ReturnType<Target['url']>, chunked: boolean): Promise<Reply> {
    const secure = to.protocol === 'https:'
    const headers: Record<string, string> = {}
    for (const [name, value] of Object.entries(request.headers)) {
      if (value !== undefined) headers[name] = value
    }
    if (chunked) headers['transfer-encoding'] = 'chunked'
    else if (request.body.length > 0 || request.method === 'POST' || request.method === 'PUT') {
      headers['content-length'] = String(request.body.length)
    }
    const options: https.RequestOptions = {
      agent: secure ? this.#agents['https:'] : this.#agents['http:'],
      hostname: to.hostname,
      port: to.port,
      method: request.method,
      path: targetOf(request),
      headers,
      setHost: false,
      servername: to.hostname,
      timeout: 60_000
    }
    return new Promise((resolve, reject) => {
      const outgoing = (secure ? https : http).request(options, (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('error', reject)
        incoming.on('end', () =>
          resolve(new Reply(incoming.statusCode ?? 0, incoming.headers, Buffer.concat(chunks)))
        )
      })
      outgoing.on('timeout', () =>
        outgoing.destroy(new Error(`no reply to ${request.method} ${request.path}`))
      )
      outgoing.on('error', reject)
      outgoing.end(request.body)
    })
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy()
  }
}

function targetOf({ path, query }: WireRequest): string {
  const text = query.map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`).join('&')
  return text === '' ? path : `${path}?${text}`
}
