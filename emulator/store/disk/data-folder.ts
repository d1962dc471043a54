import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { AccountState } from '../state'
import { ShardJournal } from './shard-journal'

export interface StoredKey {
  accessKeyId: string
  accessKeySecret: string
}

/**
 * A folder that holds everything across restarts: `state.json`, and a folder of files a shard. What was answered
 * survives the end of the process; it is not forced through the operating system's own cache.
 */
export class DataFolder {
  readonly #journals = new Set<ShardJournal>()

  /** @throws Error where another process that is alive has the folder in use */
  constructor(readonly folder: string) {
    makeFolder(folder)
    this.#lock()
  }

  /** The state an earlier run left, if any; throws where it cannot be read. */
  readState(): AccountState | undefined {
    const state = this.#readJson('state.json')
    if (state === undefined) return undefined
    if (!isState(state)) throw new Error(`${join(this.folder, 'state.json')} is not the state of an emulator`)
    return state
  }

  saveState(state: AccountState): void {
    this.#writeJson('state.json', state)
  }

  /** The key an earlier run made up, so that its clients go on working. */
  readKey(): StoredKey | undefined {
    const key = this.#readJson('access-key.json')
    return isKey(key) ? key : undefined
  }

  saveKey(key: StoredKey): void {
    this.#writeJson('access-key.json', key)
  }

  journal(project: string, logstore: string, shard: number): ShardJournal {
    const journal = new ShardJournal(join(this.folder, 'logs', project, logstore, String(shard)))
    this.#journals.add(journal)
    return journal
  }

  close(): void {
    for (const journal of this.#journals) journal.close()
    this.#journals.clear()
    rmSync(this.#lockPath, { force: true })
  }

  get #lockPath(): string {
    return join(this.folder, 'lock')
  }

  /** Leaves the id of this process; what a process left that has died does not count. */
  #lock(): void {
    const holder = existsSync(this.#lockPath) ? Number(readFileSync(this.#lockPath, 'utf8')) : undefined
    if (holder !== undefined && holder !== process.pid && isAlive(holder)) {
      throw new Error(
        `data folder ${this.folder} is in use by process ${holder}; if that is no emulator, delete ${this.#lockPath}`
      )
    }
    writeFileSync(this.#lockPath, String(process.pid))
  }

  #readJson(name: string): unknown {
    const path = join(this.folder, name)
    if (!existsSync(path)) return undefined
    try {
      return JSON.parse(readFileSync(path, 'utf8'))
    } catch (error) {
      throw new Error(`${path} is not valid JSON`, { cause: error })
    }
  }

  #writeJson(name: string, value: unknown): void {
    const path = join(this.folder, name)
    writeFileSync(`${path}.new`, JSON.stringify(value), { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }
}

/** Makes a folder and those above it. Node's own `recursive` never ends where the system takes none, as in /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder))
  mkdirSync(folder)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function isState(value: unknown): value is AccountState {
  return typeof value === 'object' && value !== null && 'version' in value && value.version === 1
}

function isKey(value: unknown): value is StoredKey {
  return (
    typeof value === 'object' &&
    value !== null &&
    'accessKeyId' in value &&
    typeof value.accessKeyId === 'string' &&
    'accessKeySecret' in value &&
    typeof value.accessKeySecret === 'string'
  )
}
