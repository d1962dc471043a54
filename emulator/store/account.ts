import { parameterInvalid, ServiceError } from '../service-error'
import { Project } from './project'
import type { ProjectSettings } from './settings'
import type { AccountState } from './state'
import type { StoreClock } from './store-clock'
import type { StoreContext } from './store-context'

const MAX_PROJECTS = 50
const PROJECT_NAME = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/

/** 400 `ParameterInvalid` for a name that no project may have. */
export function checkProjectName(name: string): void {
  if (PROJECT_NAME.test(name)) return
  throw parameterInvalid(
    `project name ${name} is invalid: 3 to 63 of a-z, 0-9 and -, the first and the last a letter or digit`
  )
}

/** All projects of the one account that the emulator serves. */
export class Account {
  readonly projects = new Map<string, Project>()

  constructor(
    private readonly context: StoreContext,
    state?: AccountState
  ) {
    for (const project of state?.projects ?? [])
      this.projects.set(project.name, Project.restore(project, context))
  }

  get clock(): StoreClock {
    return this.context.clock
  }

  project(name: string): Project {
    const project = this.projects.get(name)
    if (project === undefined) {
      throw new ServiceError(404, 'ProjectNotExist', `The Project does not exist : ${name}`)
    }
    return project
  }

  createProject(name: string, settings: ProjectSettings): void {
    checkProjectName(name)
    if (this.projects.has(name)) {
      throw new ServiceError(400, 'ProjectAlreadyExist', `Project ${name} already exist`)
    }
    if (this.projects.size >= MAX_PROJECTS) {
      throw new ServiceError(400, 'ProjectQuotaExceed', `the account has ${MAX_PROJECTS} projects`)
    }
    this.projects.set(name, new Project(name, settings, this.context))
  }

  deleteProject(name: string): void {
    for (const logstore of this.project(name).logstores.values()) logstore.discard()
    this.projects.delete(name)
  }

  toState(): AccountState {
    return { version: 1, projects: [...this.projects.values()].map((project) => project.toState()) }
  }
}
