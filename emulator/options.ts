import { unknownName } from './known-names'
import { readQuotas, type ShardQuotas } from './quota'
import { checkProjectName } from './store/account'
import { checkLogstoreName } from './store/project'

export interface EmulatorOptions {
  /** 0 (default): any free one. */
  port?: number
  /** Address to listen on, default 127.0.0.1. */
  host?: string
  /** Project that exists from the start, and that a bare host stands for; default `demo`. */
  project?: string
  /** `name` (2 shards) or `name:shards`; default `access`. */
  logstores?: readonly string[]
  /** Made up when absent. */
  accessKeyId?: string
  accessKeySecret?: string
  /** STS token that every call must bear; undefined: any token is taken. */
  securityToken?: string
  /** Folder that holds everything across restarts; undefined: memory only. */
  data?: string
  /** Bytes of log data in memory; beyond, the oldest expire, or stay on disk alone where there is `data`. */
  memory?: number
  /** Seconds that data is kept, instead of each logstore's ttl. */
  retention?: number
  /** True for the service's documented quotas of a shard; default none. */
  quotas?: boolean | ShardQuotas
  /** Refuse what the service refuses but common clients send all the same. */
  strict?: boolean
  /** Refuse writes with logs older than 7 days or more than 15 minutes ahead, as the service documents it; default true. */
  checkLogTime?: boolean
  /** Host names that are the emulator's own, so that their first label names no project. */
  hostnames?: readonly string[]
  /** No word on stderr about failures inside the emulator. */
  quiet?: boolean
  /** Unix milliseconds, default Date.now. */
  clock?: () => number
}

const NAMES: Readonly<Record<keyof EmulatorOptions, true>> = {
  port: true,
  host: true,
  project: true,
  logstores: true,
  accessKeyId: true,
  accessKeySecret: true,
  securityToken: true,
  data: true,
  memory: true,
  retention: true,
  quotas: true,
  strict: true,
  checkLogTime: true,
  hostnames: true,
  quiet: true,
  clock: true
}

/** What exists from the start, and what limits it. */
export interface StartSettings {
  project: string
  logstores: InitialLogstore[]
  quotas: ShardQuotas | undefined
}

/** Looks at all options of `start`; throws for the first that there is not, or that is wrong. */
export function readStartOptions(options: EmulatorOptions): StartSettings {
  checkOptionNames('start', options, Object.keys(NAMES))
  const { project = DEFAULT_PROJECT, logstores = ['access'], quotas = false } = options
  checkProjectName(project)
  if (!Array.isArray(logstores) || !logstores.every((text) => typeof text === 'string'))
    throw new TypeError('logstores must be an array of texts')
  if ((options.accessKeyId === undefined) !== (options.accessKeySecret === undefined))
    throw new RangeError('the access key id and its secret must be given together')
  for (const name of ['port', 'memory', 'retention'] as const) {
    const number = options[name] ?? 0
    if (typeof number !== 'number' || !(number >= 0))
      throw new RangeError(`${name} must be a number of 0 or more`)
  }
  return { project, logstores: logstores.map(parseLogstore), quotas: readQuotas(quotas) }
}

/** TypeError for the first option of a method that there is not. */
export function checkOptionNames(method: string, options: object, names: readonly string[]): void {
  const wrong = unknownName(`the options of ${method} have`, options, names)
  if (wrong !== undefined) throw new TypeError(wrong)
}

/** A logstore that exists from the start. */
export interface InitialLogstore {
  name: string
  shardCount: number
}

export const DEFAULT_PROJECT = 'demo'
export const DEFAULT_SHARD_COUNT = 2
const MAX_SHARD_COUNT = 100

/** Reads `name` or `name:shards`; throws for a wrong name or number of shards. */
function parseLogstore(text: string): InitialLogstore {
  const colon = text.indexOf(':')
  const name = colon < 0 ? text : text.slice(0, colon)
  const shards = colon < 0 ? String(DEFAULT_SHARD_COUNT) : text.slice(colon + 1)
  const shardCount = /^\d{1,3}$/.test(shards) ? Number(shards) : 0
  if (shardCount < 1 || shardCount > MAX_SHARD_COUNT) {
    throw new RangeError(`logstore ${text}: the number of shards must be 1 to ${MAX_SHARD_COUNT}`)
  }
  checkLogstoreName(name)
  return { name, shardCount }
}
