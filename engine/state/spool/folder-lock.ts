import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { open, readFile, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import * as path from 'node:path'
import { errorCode } from '../sync-folder'

const LOCK_FILE = 'lock'
/** Milliseconds between signs of life, and without one after which another machine's lock is void. */
const SIGN_OF_LIFE = 5000
const GIVEN_UP = 30_000

interface Owner {
  id: string
  pid: number
  host: string
  /** When the process was started, as the system counts; empty where it does not tell. */
  started: string
}

/** Keeps two processes, and two sinks of one, from using one folder. A killed owner's lock is void at once. */
export class FolderLock {
  readonly #timer: NodeJS.Timeout

  private constructor(
    private readonly file: string,
    private readonly id: string
  ) {
    this.#timer = setInterval(() => {
      const now = new Date()
      utimes(file, now, now).catch(() => undefined)
    }, SIGN_OF_LIFE).unref()
  }

  /** Undefined where somebody else has the folder. */
  static async take(folder: string): Promise<FolderLock | undefined> {
    const file = path.join(folder, LOCK_FILE)
    const owner: Owner = {
      id: randomUUID(),
      pid: process.pid,
      host: hostname(),
      started: startOf(process.pid)
    }
    for (let attempt = 0; attempt < 2; attempt++) {
      if (await create(file, owner)) return new FolderLock(file, owner.id)
      if (await isHeld(file)) return undefined
      await rm(file, { force: true })
    }
    return undefined
  }

  /** Whether the lock is still this one's: false where somebody removed it or took it over. */
  async holds(): Promise<boolean> {
    return (await readOwner(this.file))?.id === this.id
  }

  async release(): Promise<void> {
    clearInterval(this.#timer)
    held.delete(this.id)
    if (await this.holds()) await rm(this.file, { force: true })
  }
}

/** The locks of this process: its number may be that of one which was killed. */
const held = new Set<string>()

async function create(file: string, owner: Owner): Promise<boolean> {
  held.add(owner.id)
  try {
    const handle = await open(file, 'wx', 0o600)
    try {
      await handle.writeFile(JSON.stringify(owner))
    } finally {
      await handle.close()
    }
    return true
  } catch (error) {
    held.delete(owner.id)
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

async function isHeld(file: string): Promise<boolean> {
  const owner = await readOwner(file)
  if (owner !== undefined && owner.host === hostname()) {
    if (owner.pid === process.pid) return held.has(owner.id)
    return isAlive(owner.pid) && startOf(owner.pid) === owner.started
  }
  // Another machine or container, or one that is just being written: its signs of life tell.
  const touched = await stat(file).catch(() => undefined)
  return (
    touched !== undefined && Date.now() - touched.mtimeMs < (owner === undefined ? SIGN_OF_LIFE : GIVEN_UP)
  )
}

async function readOwner(file: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Owner
  } catch {
    return undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM'
  }
}

/** Tells a process from a later one of the same number, where the system has /proc. */
function startOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const facts = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return `${boot} ${facts.slice(facts.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`
  } catch {
    return ''
  }
}
