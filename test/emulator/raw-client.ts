import { createHash, createHmac } from 'node:crypto'
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import type { SlsEmulator } from '../../emulator'

export interface RawAnswer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

export interface RawRequest {
  method?: string
  /** Path with query, as on the wire. */
  target: string
  headers?: Readonly<Record<string, string>>
  body?: Buffer | string
  /** Host header; default `<project>.127.0.0.1`. */
  host?: string
  /** Unix milliseconds of the signature. */
  now?: number
}

/** A client of its own: signs V1 as the protocol says, knows nothing of the engine, hides nothing of an answer. */
export class RawClient {
  readonly #agent = new Agent({ keepAlive: true })

  constructor(
    private readonly emulator: Pick<SlsEmulator, 'project' | 'accessKeyId' | 'accessKeySecret' | 'port'>,
    private readonly clock: () => number = Date.now
  ) {}

  async send({
    method = 'GET',
    target,
    headers = {},
    body,
    host,
    now = this.clock()
  }: RawRequest): Promise<RawAnswer> {
    const bytes = typeof body === 'string' ? Buffer.from(body) : (body ?? Buffer.alloc(0))
    const all: Record<string, string> = {
      host: host ?? `${this.emulator.project}.127.0.0.1`,
      date: new Date(now).toUTCString(),
      'x-log-apiversion': '0.6.0',
      'x-log-signaturemethod': 'hmac-sha1',
      ...(bytes.length === 0 ? {} : { 'content-md5': md5(bytes), 'content-length': String(bytes.length) }),
      ...headers
    }
    all['authorization'] ??= `LOG ${this.emulator.accessKeyId}:${this.#sign(method, target, all)}`
    return this.exchange(method, target, all, bytes)
  }

  /** The parsed answer of a call that must succeed. */
  async json<T = unknown>(raw: RawRequest): Promise<T> {
    const answer = await this.send(raw)
    if (answer.status !== 200) throw new Error(`${raw.target}: ${answer.status} ${answer.body.toString()}`)
    return JSON.parse(answer.body.toString()) as T
  }

  /** Status and code of a call that must be refused in the service's form. */
  async refusal(raw: RawRequest): Promise<string> {
    return refusalOf(await this.send(raw))
  }

  exchange(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body: Buffer
  ): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: this.emulator.port,
          method,
          path,
          headers,
          agent: this.#agent,
          setHost: false
        },
        (incoming) => {
          const chunks: Buffer[] = []
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
          incoming.on('error', reject)
          incoming.on('end', () =>
            resolve({
              status: incoming.statusCode ?? 0,
              headers: incoming.headers,
              body: Buffer.concat(chunks)
            })
          )
        }
      )
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }

  #sign(method: string, target: string, headers: Readonly<Partial<Record<string, string>>>): string {
    const names = Object.keys(headers).filter((name) => /^x-(log|acs)-/.test(name) && name !== 'x-log-date')
    const signed = names
      .sort((a, b) => (a < b ? -1 : 1))
      .map((name) => `${name}:${headers[name] ?? ''}\n`)
      .join('')
    const text = [
      method,
      headers['content-md5'] ?? '',
      headers['content-type'] ?? '',
      headers['x-log-date'] ?? headers['date'] ?? ''
    ].join('\n')
    return createHmac('sha1', this.emulator.accessKeySecret)
      .update(`${text}\n${signed}${canonicalResource(target)}`)
      .digest('base64')
  }
}

/** `<status> <errorCode>` of an answer in the service's error form; throws where it is not in that form. */
export function refusalOf(answer: RawAnswer): string {
  const { errorCode, errorMessage } = JSON.parse(answer.body.toString()) as Record<string, unknown>
  if (typeof errorCode !== 'string' || typeof errorMessage !== 'string')
    throw new Error('not an error of the service')
  if (answer.headers['content-type'] !== 'application/json')
    throw new Error('an error must be application/json')
  if (!/^[0-9A-F]{24}$/.test(String(answer.headers['x-log-requestid']))) throw new Error('no request id')
  return `${answer.status} ${errorCode}`
}

function canonicalResource(target: string): string {
  const [path = '', query = ''] = target.split('?')
  const pairs = [...new URLSearchParams(query)].sort(([a], [b]) => (a < b ? -1 : 1))
  return pairs.length === 0 ? path : `${path}?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`
}

function md5(body: Buffer): string {
  return createHash('md5').update(body).digest('hex').toUpperCase()
}
