import { parameterInvalid, ServiceError } from '../service-error'
import { Logstore, type LogstoreSettings } from './logstore'
import type { StoreClock } from './store-clock'

export const MAX_LOGSTORES = 200

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

export interface ProjectSettings {
  description: string
  [property: string]: unknown
}

/** Logstores by name, and what GetProject tells. Times are Unix seconds. */
export class Project {
  readonly logstores = new Map<string, Logstore>()
  readonly createTime: number
  lastModifyTime: number

  constructor(
    readonly name: string,
    public settings: ProjectSettings,
    private readonly clock: StoreClock
  ) {
    this.createTime = clock.seconds()
    this.lastModifyTime = this.createTime
  }

  logstore(name: string): Logstore {
    const logstore = this.logstores.get(name)
    if (logstore === undefined) {
      throw new ServiceError(404, 'LogStoreNotExist', `logstore ${name} does not exist`)
    }
    return logstore
  }

  createLogstore(name: string, shardCount: number, settings: Partial<LogstoreSettings>): Logstore {
    if (!LOGSTORE_NAME.test(name))
      throw new ServiceError(400, 'LogStoreInfoInvalid', `logstore name ${name} is invalid`)
    if (this.logstores.has(name)) {
      throw new ServiceError(400, 'LogStoreAlreadyExist', `logstore ${name} already exists`)
    }
    if (this.logstores.size >= MAX_LOGSTORES) {
      throw new ServiceError(
        400,
        'ProjectQuotaExceed',
        `project ${this.name} has ${MAX_LOGSTORES} logstores already`
      )
    }
    const logstore = new Logstore(name, shardCount, { ...DEFAULT_SETTINGS, ...settings }, this.clock)
    this.logstores.set(name, logstore)
    return logstore
  }

  deleteLogstore(name: string): void {
    this.logstore(name)
    this.logstores.delete(name)
  }

  touch(): void {
    this.lastModifyTime = this.clock.seconds()
  }

  describe(): Record<string, unknown> {
    return {
      projectName: this.name,
      ...this.settings,
      status: 'Normal',
      owner: '',
      region: 'local',
      createTime: String(this.createTime),
      lastModifyTime: String(this.lastModifyTime)
    }
  }
}

const PROJECT_NAME = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/

/** All projects of the one account that the emulator serves. */
export class Account {
  readonly projects = new Map<string, Project>()

  constructor(readonly clock: StoreClock) {}

  project(name: string): Project {
    const project = this.projects.get(name)
    if (project === undefined) {
      throw new ServiceError(404, 'ProjectNotExist', `The Project does not exist : ${name}`)
    }
    return project
  }

  createProject(name: string, settings: ProjectSettings): Project {
    if (!PROJECT_NAME.test(name)) throw parameterInvalid(`project name ${name} is invalid`)
    if (this.projects.has(name)) {
      throw new ServiceError(400, 'ProjectAlreadyExist', `Project ${name} already exist`)
    }
    const project = new Project(name, settings, this.clock)
    this.projects.set(name, project)
    return project
  }

  deleteProject(name: string): void {
    this.project(name)
    this.projects.delete(name)
  }
}
