import { Logstore } from './logstore'
import type { CallRequest } from './support/calls'
import { Exchange } from './support/exchange'
import { deleteLeftovers, ownName } from './support/leftovers'
import { accepted, type Reply } from './support/reply'
import { sign, type WireRequest } from './support/signature'
import { openTarget, type Target, type TargetOptions } from './support/target'

export interface LogstoreOptions {
  shardCount?: number
  ttl?: number
}

/**
 * A client of the tests' own: it signs, sends and hides nothing of a reply. One for each file of the contract, which it
 * opens a service for: a strict emulator, or the real one in a live run.
 */
export class Service {
  #target: Target | undefined
  readonly #exchange = new Exchange()
  readonly #logstores = new Set<string>()

  get target(): Target {
    if (this.#target === undefined) throw new Error('the service is not open yet')
    return this.#target
  }

  /** False where this run has no such service. */
  async open(options: TargetOptions): Promise<boolean> {
    this.#target = await openTarget(options)
    if (this.#target?.live) await leftoversDeleted(this)
    return this.#target !== undefined
  }

  /** Deletes the logstores that it created. */
  async close(): Promise<void> {
    try {
      for (const name of this.#logstores) await this.call({ method: 'DELETE', path: `/logstores/${name}` })
    } finally {
      this.#exchange.close()
      await this.#target?.close()
    }
  }

  readonly call = async (call: CallRequest): Promise<Reply> => {
    const { target } = this
    const project = call.project === undefined ? target.project : (call.project ?? undefined)
    const to = target.url(project)
    const body =
      call.json === undefined ? (call.body ?? Buffer.alloc(0)) : Buffer.from(JSON.stringify(call.json))
    const request: WireRequest = {
      method: call.method ?? 'GET',
      path: call.path,
      query: Object.entries(call.query ?? {}).map(([name, value]) => [name, String(value)]),
      headers: {
        host: to.host,
        'x-log-apiversion': '0.6.0',
        'x-log-bodyrawsize': String(body.length),
        ...(call.json === undefined ? {} : { 'content-type': 'application/json' }),
        ...call.headers
      },
      body
    }
    const time = Date.now() + (call.clockError ?? 0)
    sign(request, call.credentials ?? target.credentials, call.scheme ?? { version: 'v1' }, time)
    call.inTransit?.(request)
    return this.#exchange.send(request, to, call.chunked ?? false)
  }

  /** A call with a JSON reply that must succeed. */
  async json<T>(call: CallRequest): Promise<T> {
    return accepted(await this.call(call)).json<T>()
  }

  /** A logstore of the suite's own that every part of the service knows. */
  async createLogstore(options: LogstoreOptions = {}): Promise<Logstore> {
    const { shardCount = 1, ttl = 1 } = options
    const name = this.newName()
    accepted(
      await this.call({ method: 'POST', path: '/logstores', json: { logstoreName: name, ttl, shardCount } })
    )
    const logstore = new Logstore(this.call, name)
    await logstore.known(shardCount)
    return logstore
  }

  /** A name that nothing has yet; a logstore under it is deleted at the end. */
  newName(suffix = ''): string {
    const name = ownName() + suffix
    this.#logstores.add(name)
    return name
  }
}

let cleaned: Promise<string[]> | undefined

/** Once a run. */
function leftoversDeleted(service: Service): Promise<string[]> {
  cleaned ??= deleteLeftovers(service.call)
  return cleaned
}

/** The service that the cases of a suite share, opened before the first and closed after the last. */
export function serviceOfSuite(options: TargetOptions = {}): Service {
  const service = new Service()
  before(async function () {
    if (!(await service.open(options))) this.skip()
  })
  after(() => service.close())
  return service
}
