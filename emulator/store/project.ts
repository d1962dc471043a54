import { ServiceError } from '../service-error'
import { Logstore } from './logstore'
import type { LogstoreSettings, ProjectSettings } from './settings'
import type { ProjectState } from './state'
import type { StoreContext } from './store-context'

const MAX_LOGSTORES = 200
/** That take writes. */
const MAX_SHARDS = 400
const LOGSTORE_NAME = /^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$/
const DEFAULT_SETTINGS: LogstoreSettings = {
  ttl: 3650,
  enable_tracking: false,
  autoSplit: false,
  maxSplitShard: 64,
  appendMeta: false,
  telemetryType: '',
  hot_ttl: 0,
  mode: 'standard'
}

/** 400 `LogStoreInfoInvalid` for a name that no logstore may have. */
export function checkLogstoreName(name: string): void {
  if (LOGSTORE_NAME.test(name)) return
  throw new ServiceError(
    400,
    'LogStoreInfoInvalid',
    `logstore name ${name} is invalid: 3 to 63 of a-z, 0-9, - and _, the first and the last a letter or digit`
  )
}

/** Logstores by name, and what GetProject tells. Times are Unix seconds. */
export class Project {
  readonly logstores = new Map<string, Logstore>()
  #lastModifyTime: number

  constructor(
    readonly name: string,
    public settings: ProjectSettings,
    private readonly context: StoreContext,
    readonly createTime: number = context.clock.seconds()
  ) {
    this.#lastModifyTime = createTime
  }

  static restore(state: ProjectState, context: StoreContext): Project {
    const project = new Project(state.name, state.settings, context, state.createTime)
    project.#lastModifyTime = state.lastModifyTime
    for (const logstore of state.logstores) {
      project.logstores.set(logstore.name, Logstore.restore(state.name, logstore, context))
    }
    return project
  }

  update(settings: Partial<ProjectSettings>): void {
    this.settings = { ...this.settings, ...settings }
    this.#lastModifyTime = this.context.clock.seconds()
  }

  /** The logstore, rid of what is older than it is to be kept. */
  logstore(name: string): Logstore {
    const logstore = this.logstores.get(name)
    if (logstore === undefined) {
      throw new ServiceError(404, 'LogStoreNotExist', `logstore ${name} does not exist`)
    }
    logstore.expire()
    return logstore
  }

  createLogstore(name: string, shardCount: number, settings: Partial<LogstoreSettings>): void {
    checkLogstoreName(name)
    if (this.logstores.has(name)) {
      throw new ServiceError(400, 'LogStoreAlreadyExist', `logstore ${name} already exists`)
    }
    if (this.logstores.size >= MAX_LOGSTORES) {
      throw new ServiceError(400, 'ProjectQuotaExceed', `project ${this.name} has ${MAX_LOGSTORES} logstores`)
    }
    this.#checkShardQuota(shardCount, 400)
    const all = { ...DEFAULT_SETTINGS, ...settings }
    this.logstores.set(name, Logstore.create(this.name, name, shardCount, all, this.context))
  }

  /** Refuses a split into `parts` that the project has no room for. */
  checkSplit(parts: number): void {
    this.#checkShardQuota(parts - 1, 403)
  }

  deleteLogstore(name: string): void {
    this.logstore(name).discard()
    this.logstores.delete(name)
  }

  describe(): Record<string, unknown> {
    return {
      projectName: this.name,
      ...this.settings,
      status: 'Normal',
      owner: '',
      region: 'local',
      createTime: String(this.createTime),
      lastModifyTime: String(this.#lastModifyTime)
    }
  }

  toState(): ProjectState {
    return {
      name: this.name,
      settings: this.settings,
      createTime: this.createTime,
      lastModifyTime: this.#lastModifyTime,
      logstores: [...this.logstores.values()].map((logstore) => logstore.toState())
    }
  }

  #checkShardQuota(added: number, status: number): void {
    const writable = [...this.logstores.values()].flatMap((logstore) => logstore.writableShards()).length
    if (writable + added <= MAX_SHARDS) return
    const message = `project ${this.name} has ${writable} shards, ${MAX_SHARDS} at most`
    throw new ServiceError(status, 'ProjectQuotaExceed', message)
  }
}
