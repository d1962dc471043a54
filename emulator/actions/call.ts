import type { Reply } from '../http/reply'
import type { EmulatorRequest } from '../http/request'
import { parameterInvalid } from '../service-error'
import type { Account } from '../store/account'
import type { Logstore } from '../store/logstore'
import type { Project } from '../store/project'
import type { Shard } from '../store/shard'
import type { StoreClock } from '../store/store-clock'
import { rawBody } from '../wire/body'
import { JsonBody } from '../wire/json-body'

/** What an action is given: the request, what its path names, and the state it works on. */
export interface CallContext {
  readonly request: EmulatorRequest
  /** Values of the `:name` parts of the route. */
  readonly params: Readonly<Record<string, string | undefined>>
  readonly account: Account
  readonly projectName: string
  readonly rules: ServiceRules
  /** What the service believes to be the time, Unix milliseconds. */
  readonly now: number
  /** To be awaited before a shard takes or gives data: where its quota and its faults act. */
  enterShard(shard: Shard, direction: 'write' | 'read', bytes: number): Promise<void>
}

/** Rules of the service that can be chosen. */
export interface ServiceRules {
  readonly strict: boolean
  /** Refuse logs older than 7 days or more than 15 minutes ahead. */
  readonly checkLogTime: boolean
}

export type Action = (call: Call) => Reply | Promise<Reply>

/** One call on its way through an action. */
export class Call {
  constructor(readonly context: CallContext) {}

  get request(): EmulatorRequest {
    return this.context.request
  }

  get query(): EmulatorRequest['query'] {
    return this.context.request.query
  }

  get account(): Account {
    return this.context.account
  }

  get clock(): StoreClock {
    return this.context.account.clock
  }

  get project(): Project {
    return this.context.account.project(this.context.projectName)
  }

  get logstore(): Logstore {
    return this.project.logstore(this.param('logstore'))
  }

  get shardId(): number {
    const text = this.param('shard')
    if (!/^\d{1,9}$/.test(text)) throw parameterInvalid('invalid shard id.')
    return Number(text)
  }

  get shard(): Shard {
    return this.logstore.shard(this.shardId)
  }

  param(name: string): string {
    const value = this.context.params[name]
    if (value === undefined) throw new Error(`the route has no part :${name}`)
    return value
  }

  rawBody(): Promise<Buffer> {
    return rawBody(this.request, this.context.rules.strict)
  }

  /** The body as a JSON object; `code` is the error code for anything else. */
  async json(code: string): Promise<JsonBody> {
    return new JsonBody(await this.rawBody(), code)
  }
}
