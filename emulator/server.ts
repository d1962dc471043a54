import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { Call } from './actions/call'
import { authenticate } from './auth/authenticate'
import { projectOfHost } from './http/host'
import { jsonReply, type Reply } from './http/reply'
import { type EmulatorRequest, readRequest } from './http/request'
import { RequestIds } from './http/request-id'
import type { EmulatorOptions } from './options'
import { routeRequest } from './router'
import { ServiceError } from './service-error'
import { type EmulatorStats, StatsCounter } from './stats'
import { Account } from './store/project'
import type { Shard } from './store/shard'
import { StoreClock } from './store/store-clock'

const DEFAULT_SHARDS = 2

/** A local SLS over real HTTP: `SlsEmulator.start()`, point a client at `endpoint`, `close()`. */
export class SlsEmulator {
  readonly project: string
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly #account: Account
  readonly #clock: () => number
  readonly #ownNames: ReadonlySet<string>
  readonly #requestIds = new RequestIds()
  readonly #stats = new StatsCounter()
  readonly #server: Server
  #address = ''
  #port = 0

  private constructor(private readonly options: EmulatorOptions) {
    this.#clock = options.clock ?? Date.now
    this.project = options.project ?? 'demo'
    this.accessKeyId = options.accessKeyId ?? `LTAI${randomBytes(8).toString('hex')}`
    this.accessKeySecret = options.accessKeySecret ?? randomBytes(15).toString('hex')
    this.#ownNames = new Set(['localhost', hostname().toLowerCase(), ...(options.hostnames ?? [])])
    this.#account = new Account(new StoreClock(this.#clock))
    this.#account.createProject(this.project, { description: '' })
    for (const text of options.logstores ?? ['access']) {
      const { name, shardCount } = parseLogstore(text)
      this.createLogstore(name, { shardCount })
    }
    this.#server = createServer(
      { keepAlive: true, noDelay: true, requestTimeout: 0 },
      (request, response) => {
        this.#serve(request, response).catch(() => response.destroy())
      }
    )
    this.#server.keepAliveTimeout = 60_000
  }

  /** Listens; rejects when the port is taken. */
  static async start(options: EmulatorOptions = {}): Promise<SlsEmulator> {
    const emulator = new SlsEmulator(options)
    await emulator.#listen(options.port ?? 0, options.host ?? '127.0.0.1')
    return emulator
  }

  get endpoint(): string {
    return `http://${this.#address}:${this.#port}`
  }

  get port(): number {
    return this.#port
  }

  /** Names of the default project's logstores. */
  get logstores(): string[] {
    return [...this.#account.project(this.project).logstores.keys()]
  }

  createLogstore(name: string, options: { shardCount?: number; ttl?: number } = {}): void {
    const { shardCount = DEFAULT_SHARDS, ttl } = options
    this.#account.project(this.project).createLogstore(name, shardCount, ttl === undefined ? {} : { ttl })
  }

  deleteLogstore(name: string): void {
    this.#account.project(this.project).deleteLogstore(name)
  }

  /** Splits at a key of 32 hex digits, or in the middle; the ids of the new shards. */
  splitShard(logstore: string, shard: number, key?: string): number[] {
    const at = key === undefined ? { parts: 2 } : { key: BigInt(`0x${key}`) }
    return ids(this.#account.project(this.project).logstore(logstore).splitShard(shard, at).slice(1))
  }

  /** Joins a shard with its right neighbour; the id of the new shard. */
  mergeShard(logstore: string, shard: number): number[] {
    return ids(this.#account.project(this.project).logstore(logstore).mergeShard(shard).slice(0, 1))
  }

  stats(): EmulatorStats {
    return this.#stats.snapshot(this.#account)
  }

  /** Stops listening and cuts the open connections. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  #listen(port: number, host: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        this.#address = host.includes(':') ? `[${host}]` : host
        this.#port = (this.#server.address() as AddressInfo).port
        resolve()
      })
    })
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = this.#requestIds.next(this.#clock())
    const reply = await this.#reply(incoming, requestId)
    response.writeHead(reply.status, {
      server: 'Tengine',
      'access-control-allow-origin': '*',
      'x-log-requestid': requestId,
      'x-log-time': String(Math.floor(this.#clock() / 1000)),
      date: new Date(this.#clock()).toUTCString(),
      ...reply.headers,
      'content-length': String(reply.body.length)
    })
    response.end(reply.body)
  }

  async #reply(incoming: IncomingMessage, requestId: string): Promise<Reply> {
    try {
      const request = await readRequest(incoming)
      if (request.target.segments[0] === '_emulator') return this.#control(request)
      return await this.#answer(request)
    } catch (error) {
      const refusal = error instanceof ServiceError ? error : this.#internalError(error, requestId)
      return jsonReply(refusal.toBody(), {}, refusal.status)
    }
  }

  async #answer(request: EmulatorRequest): Promise<Reply> {
    const project = projectOfHost(request.target.host, this.#ownNames)
    const { route, params } = routeRequest(request, project === undefined)
    const count = this.#stats.begin(route.call, request.body.length)
    try {
      authenticate(request, {
        accessKeyId: this.accessKeyId,
        accessKeySecret: this.accessKeySecret,
        securityToken: this.options.securityToken,
        now: this.#clock(),
        strict: this.options.strict ?? false
      })
      const reply = await route.action(
        new Call({
          request,
          params,
          account: this.#account,
          projectName: project ?? params['project'] ?? this.project,
          rules: {
            strict: this.options.strict ?? false,
            checkLogTime: this.options.checkLogTime ?? true
          },
          enterShard: async (_shard: Shard, _bytes: number) => undefined
        })
      )
      count.done(reply.body.length)
      return reply
    } catch (error) {
      count.failed(error instanceof ServiceError ? error.code : 'InternalServerError')
      throw error
    }
  }

  #control(request: EmulatorRequest): Reply {
    const [, resource] = request.target.segments
    if (resource === 'stats' && request.method === 'GET') return jsonReply(this.stats())
    throw new ServiceError(404, 'BadRequest', `no resource ${request.target.path}`)
  }

  #internalError(error: unknown, requestId: string): ServiceError {
    if (this.options.quiet !== true) console.error(`sls-emulator: request ${requestId} failed`, error)
    return new ServiceError(500, 'InternalServerError', 'internal server error')
  }
}

function ids(shards: readonly Shard[]): number[] {
  return shards.map((shard) => shard.id)
}

function parseLogstore(text: string): { name: string; shardCount: number } {
  const [name = '', shards] = text.split(':')
  const shardCount = shards === undefined ? DEFAULT_SHARDS : Number(shards)
  if (!Number.isInteger(shardCount) || shardCount < 1 || shardCount > 100) {
    throw new RangeError(`logstore ${text}: the number of shards must be 1 to 100`)
  }
  return { name, shardCount }
}
