import { Call } from './actions/call'
import { type AccessKey, authenticate } from './auth/authenticate'
import { type Delivery, type FaultSession, Faults } from './faults'
import { ConnectionCut } from './http/connection-cut'
import { projectOfHost } from './http/host'
import { type Reply, refusal } from './http/reply'
import type { EmulatorRequest } from './http/request'
import { Quotas, quotaExceeded } from './quota'
import { type RoutedCall, routeRequest } from './router'
import { ServiceError } from './service-error'
import { StatsCounter } from './stats'
import type { Account } from './store/account'
import type { Shard } from './store/shard'

export interface ServiceOptions {
  key: AccessKey
  defaultProject: string
  ownNames: ReadonlySet<string>
  strict: boolean
  checkLogTime: boolean
  /** To be called after every call that changed more than the data of shards. */
  onChange: () => void
}

export interface Answer {
  reply: Reply
  /** What the service believes to be the time, Unix milliseconds. */
  now: number
  delivery: Delivery
}

interface Circumstances {
  hostProject: string | undefined
  /** What the service believes to be the time, Unix milliseconds. */
  now: number
  session: FaultSession | undefined
  gone: () => AbortSignal
}

/** Answers calls: who may, which action, what goes wrong on purpose, what is counted. Knows no sockets. */
export class Service {
  readonly faults: Faults
  readonly quotas: Quotas
  readonly stats = new StatsCounter()

  constructor(
    readonly account: Account,
    private readonly options: ServiceOptions
  ) {
    this.faults = new Faults(account.clock.now)
    this.quotas = new Quotas(account.clock.now)
  }

  /** Rejects with ConnectionCut where a fault says so; `gone` gives what tells that the client left. */
  async answer(request: EmulatorRequest, gone: () => AbortSignal): Promise<Answer> {
    const hostProject = projectOfHost(request.target.host, this.options.ownNames)
    const routed = routeOrRefusal(request, hostProject === undefined)
    const isRouted = !(routed instanceof ServiceError)
    const session = isRouted ? this.#faultSession(routed) : undefined
    const count = this.stats.begin(isRouted ? routed.route.call : 'Unknown', request.body.length)
    const now = this.account.clock.now() + (session?.skew() ?? 0)
    try {
      authenticate(request, { ...this.options.key, now, strict: this.options.strict })
      if (!isRouted) throw routed
      await session?.before(gone)
      const reply = await this.#act(request, routed, { hostProject, now, session, gone })
      if (routed.route.changes === true) this.options.onChange()
      count.done(reply.body.length)
      return { reply, now, delivery: session?.delivery(reply.body.length > 0) ?? 'whole' }
    } catch (error) {
      count.failed(codeOf(error))
      if (!(error instanceof ServiceError)) throw error
      return { reply: refusal(error), now, delivery: 'whole' }
    }
  }

  #faultSession({ route, params }: RoutedCall): FaultSession | undefined {
    const shard = params['shard']
    return this.faults.session({
      call: route.call,
      logstore: params['logstore'],
      shard: shard === undefined ? undefined : Number(shard)
    })
  }

  async #act(
    request: EmulatorRequest,
    { route, params }: RoutedCall,
    { hostProject, now, session, gone }: Circumstances
  ): Promise<Reply> {
    const { strict, checkLogTime, defaultProject } = this.options
    const enterShard = async (shard: Shard, direction: 'write' | 'read', bytes: number) => {
      this.quotas.enter(shard, direction, bytes)
      session?.enterShard(shard.id, bytes, (exhausted) => quotaExceeded(direction, shard.id, exhausted))
      await session?.before(gone)
    }
    const projectName = hostProject ?? params['project'] ?? defaultProject
    return route.action(
      new Call({
        request,
        params,
        account: this.account,
        projectName,
        rules: { strict, checkLogTime },
        now,
        enterShard
      })
    )
  }
}

function routeOrRefusal(request: EmulatorRequest, isBare: boolean): RoutedCall | ServiceError {
  try {
    return routeRequest(request, isBare)
  } catch (error) {
    if (error instanceof ServiceError) return error
    throw error
  }
}

function codeOf(error: unknown): string {
  if (error instanceof ServiceError) return error.code
  return error instanceof ConnectionCut ? error.name : 'InternalServerError'
}
