import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { AccessKey } from './auth/authenticate'
import { type FaultSpec, readFault } from './fault-spec'
import { type LastRecord, lastRecords } from './last-records'
import {
  checkOptionNames,
  DEFAULT_SHARD_COUNT,
  type EmulatorOptions,
  type InitialLogstore,
  readStartOptions,
  type StartSettings
} from './options'
import { readQuotas, type ShardQuotas } from './quota'
import { EmulatorServer } from './server'
import { Service } from './service'
import { describeStore, type EmulatorStats } from './stats'
import { Account } from './store/account'
import { DataFolder } from './store/disk/data-folder'
import type { Logstore } from './store/logstore'
import { MemoryBudget } from './store/memory-budget'
import type { Project } from './store/project'
import type { Shard } from './store/shard'
import { StoreClock } from './store/store-clock'

/** A local SLS over real HTTP: `SlsEmulator.start()`, point a client at `endpoint`, `close()`. */
export class SlsEmulator {
  /** The project that exists from the start. */
  readonly project: string
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly #folder: DataFolder | undefined
  readonly #account: Account
  readonly #budget: MemoryBudget
  readonly #service: Service
  readonly #server: EmulatorServer

  private constructor(options: EmulatorOptions, settings: StartSettings, folder: DataFolder | undefined) {
    const clock = options.clock ?? Date.now
    this.#folder = folder
    const key = accessKey(options, this.#folder)
    this.accessKeyId = key.accessKeyId
    this.accessKeySecret = key.accessKeySecret
    this.project = settings.project
    this.#budget = new MemoryBudget(options.memory)
    this.#account = new Account(
      {
        clock: new StoreClock(clock),
        budget: this.#budget,
        retention: options.retention,
        journal: (project, logstore, shard) => this.#folder?.journal(project, logstore, shard)
      },
      this.#folder?.readState()
    )
    this.#service = new Service(this.#account, {
      key,
      defaultProject: this.project,
      ownNames: new Set(['localhost', hostname().toLowerCase(), ...(options.hostnames ?? [])]),
      strict: options.strict ?? false,
      checkLogTime: options.checkLogTime ?? true,
      onChange: () => this.#save()
    })
    this.#service.quotas.limits = settings.quotas
    this.#server = new EmulatorServer(this.#service, {
      controlled: this,
      clock,
      onInternalError: (error, requestId) => {
        if (options.quiet !== true) console.error(`sls-emulator: request ${requestId} failed:`, error)
      }
    })
    this.#createInitial(settings.logstores)
  }

  /** Listens; rejects when the port is taken or an option is wrong. */
  static async start(options: EmulatorOptions = {}): Promise<SlsEmulator> {
    const settings = readStartOptions(options)
    const folder = options.data === undefined ? undefined : new DataFolder(options.data)
    try {
      const emulator = new SlsEmulator(options, settings, folder)
      await emulator.#server.listen(options.port ?? 0, options.host ?? '127.0.0.1')
      return emulator
    } catch (error) {
      folder?.close()
      throw error
    }
  }

  get endpoint(): string {
    return this.#server.endpoint
  }

  get port(): number {
    return this.#server.port
  }

  /** Names of the default project's logstores. */
  get logstores(): string[] {
    return [...this.#defaultProject.logstores.keys()]
  }

  createLogstore(name: string, options: { shardCount?: number; ttl?: number } = {}): void {
    checkOptionNames('createLogstore', options, ['shardCount', 'ttl'])
    const { shardCount = DEFAULT_SHARD_COUNT, ttl } = options
    this.#defaultProject.createLogstore(name, shardCount, ttl === undefined ? {} : { ttl })
    this.#save()
  }

  deleteLogstore(name: string): void {
    this.#defaultProject.deleteLogstore(name)
    this.#save()
  }

  /** Splits at a key of 32 hex digits, or in the middle; the ids of the new shards. */
  splitShard(logstore: string, shard: number, key?: string): number[] {
    const at = key === undefined ? { parts: 2 } : { key: BigInt(`0x${key}`) }
    const [, ...children] = this.#defaultProject.logstore(logstore).splitShard(shard, at)
    this.#save()
    return children.map(({ id }) => id)
  }

  /** Joins a shard with its right neighbour; the id of the new shard. */
  mergeShard(logstore: string, shard: number): number {
    const [merged] = this.#defaultProject.logstore(logstore).mergeShard(shard)
    this.#save()
    if (merged === undefined) throw new Error(`shard ${shard} was not merged`)
    return merged.id
  }

  /** Sets a fault; its id. Throws for a property that is unknown or wrong. */
  addFault(fault: FaultSpec): string {
    const spec = readFault(fault)
    const id = this.#service.faults.add(spec)
    if (spec.kind === 'expireCursors') {
      this.#service.faults.struck(id)
      for (const shard of this.#shardsOf(spec)) {
        while (shard.groupCount > (spec.keep ?? 0)) shard.expireOldest()
      }
      this.#save()
    }
    return id
  }

  /** False where there is no such fault. */
  removeFault(id: string): boolean {
    return this.#service.faults.remove(id)
  }

  clearFaults(): void {
    this.#service.faults.clear()
  }

  /** Sets the quotas of every shard; undefined takes them away. */
  setQuotas(quotas: ShardQuotas | undefined): void {
    this.#service.quotas.limits = readQuotas(quotas ?? false)
  }

  stats(): EmulatorStats {
    return {
      ...this.#service.stats.snapshot(),
      memory: {
        used: this.#budget.used,
        limit: Number.isFinite(this.#budget.limit) ? this.#budget.limit : undefined
      },
      quotas: this.#service.quotas.limits,
      faults: this.#service.faults.list(),
      projects: describeStore(this.#account)
    }
  }

  /** The newest logs of every logstore, by `project/logstore`. */
  lastRecords(): Record<string, LastRecord[]> {
    return lastRecords(this.#account)
  }

  /** Stops listening, cuts the open connections, closes the data folder. */
  async close(): Promise<void> {
    await this.#server.close()
    this.#save()
    this.#folder?.close()
  }

  get #defaultProject(): Project {
    return this.#account.project(this.project)
  }

  #createInitial(logstores: readonly InitialLogstore[]): void {
    if (!this.#account.projects.has(this.project))
      this.#account.createProject(this.project, { description: '' })
    const project = this.#defaultProject
    for (const { name, shardCount } of logstores) {
      if (!project.logstores.has(name)) project.createLogstore(name, shardCount, {})
    }
    this.#save()
  }

  #shardsOf({ logstore, shard }: FaultSpec): Shard[] {
    const logstores: Logstore[] = [...this.#account.projects.values()].flatMap((project) => [
      ...project.logstores.values()
    ])
    return logstores
      .filter(({ name }) => logstore === undefined || name === logstore)
      .flatMap((store) => store.listShards())
      .filter(({ id }) => shard === undefined || id === shard)
  }

  #save(): void {
    this.#folder?.saveState(this.#account.toState())
  }
}

function accessKey(options: EmulatorOptions, folder: DataFolder | undefined): AccessKey {
  const { accessKeyId, accessKeySecret, securityToken } = options
  if (accessKeyId !== undefined && accessKeySecret !== undefined) {
    return { accessKeyId, accessKeySecret, securityToken }
  }
  const stored = folder?.readKey()
  if (stored !== undefined) return { ...stored, securityToken }
  const made = {
    accessKeyId: `LTAI${randomBytes(8).toString('hex')}`,
    accessKeySecret: randomBytes(15).toString('hex')
  }
  folder?.saveKey(made)
  return { ...made, securityToken }
}
