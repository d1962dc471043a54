import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { open, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import * as path from 'node:path'
import { errorCode } from '../sync-folder'

const LOCK_FILE = 'lock'
/** Milliseconds between signs of life, and without one after which the lock of another machine is void. */
const SIGN_OF_LIFE = 5000
const GIVEN_UP = 30_000

interface Owner {
  id: string
  pid: number
  host: string
  /** When the process was started, as the system counts; empty where it does not tell. */
  started: string
}

/**
 * Keeps two processes, and two sinks of one, from using one folder. A killed owner's lock is void at once. On a full disk
 * the lock is a file without content, so that what is on disk can be sent, which makes room; the owner writes its name as
 * soon as it can.
 */
export class FolderLock {
  readonly #timer: NodeJS.Timeout

  private constructor(
    private readonly file: string,
    private readonly owner: Owner,
    private isNamed: boolean
  ) {
    this.#timer = setInterval(() => {
      this.#showLife().catch(() => undefined)
    }, SIGN_OF_LIFE).unref()
  }

  /**
   * Undefined where somebody else has the folder.
   * @param now milliseconds from any fixed instant, never going back
   */
  static async take(
    folder: string,
    now: () => number = () => performance.now()
  ): Promise<FolderLock | undefined> {
    const file = path.join(folder, LOCK_FILE)
    const owner: Owner = {
      id: randomUUID(),
      pid: process.pid,
      host: hostname(),
      started: startOf(process.pid)
    }
    for (let attempt = 0; attempt < 2; attempt++) {
      const created = await create(file, owner)
      if (created !== undefined) return new FolderLock(file, owner, created === 'named')
      if (await isHeld(file, now())) return undefined
      await rm(file, { force: true })
    }
    return undefined
  }

  /** Whether the lock is still this one's: false where somebody removed it or took it over. */
  async holds(): Promise<boolean> {
    const owner = await readOwner(this.file)
    return owner === undefined ? !this.isNamed : owner.id === this.owner.id
  }

  async release(): Promise<void> {
    clearInterval(this.#timer)
    held.delete(this.owner.id)
    if (await this.holds()) await rm(this.file, { force: true })
  }

  async #showLife(): Promise<void> {
    const now = new Date()
    await utimes(this.file, now, now)
    if (this.isNamed) return
    await writeFile(this.file, JSON.stringify(this.owner), { flag: 'r+' })
    this.isNamed = true
  }
}

/** The locks of this process: its number may be that of one which was killed. */
const held = new Set<string>()

async function create(file: string, owner: Owner): Promise<'named' | 'nameless' | undefined> {
  held.add(owner.id)
  try {
    const handle = await open(file, 'wx', 0o600)
    try {
      await handle.writeFile(JSON.stringify(owner))
      // A lock that lost its name with the power would have to be waited for.
      await handle.sync()
      return 'named'
    } catch (error) {
      if (isFull(error)) return 'nameless'
      await rm(file, { force: true })
      throw error
    } finally {
      await handle.close()
    }
  } catch (error) {
    held.delete(owner.id)
    if (errorCode(error) === 'EEXIST') return undefined
    throw error
  }
}

function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(errorCode(error))
}

async function isHeld(file: string, now: number): Promise<boolean> {
  const owner = await readOwner(file)
  if (owner !== undefined && owner.host === hostname()) {
    if (owner.pid === process.pid) return held.has(owner.id)
    return isAlive(owner.pid) && startOf(owner.pid) === owner.started
  }
  // Another machine or container, or one without a name: its signs of life tell.
  const touched = await stat(file).catch(() => undefined)
  if (touched === undefined || Date.now() - touched.mtimeMs >= GIVEN_UP) return false
  return hasMoved(file, touched.mtimeMs, now)
}

/** When the last sign of life of a lock was first seen: one may bear a time to come, where the clock was wrong. */
const signs = new Map<string, { touched: number; seenAt: number }>()

function hasMoved(file: string, touched: number, now: number): boolean {
  const sign = signs.get(file)
  if (sign?.touched === touched && now - sign.seenAt >= GIVEN_UP) {
    signs.delete(file)
    return false
  }
  if (sign?.touched !== touched) signs.set(file, { touched, seenAt: now })
  return true
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
