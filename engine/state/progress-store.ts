import { readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import * as path from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import { SlsError } from '../client/errors'
import { invalid, text } from '../client/option-checks'
import { makeFolder } from './make-folder'
import {
  checkSnapshot,
  emptySnapshot,
  formatSnapshot,
  type ProgressSnapshot,
  parseSnapshot
} from './progress-snapshot'
import { errorCode, syncFolder } from './sync-folder'

export type { LogstoreProgress, ProgressSnapshot, ShardProgress } from './progress-snapshot'

/** Where progress survives a restart. */
export interface ProgressStore {
  /** The snapshot saved last; an empty one where there is none. */
  load(): Promise<ProgressSnapshot>
  /** Durable when resolved. */
  save(snapshot: ProgressSnapshot): Promise<void>
}

/** Progress that lives as long as this object. */
export class MemoryProgressStore implements ProgressStore {
  #saved: ProgressSnapshot = emptySnapshot()

  async load(): Promise<ProgressSnapshot> {
    return structuredClone(this.#saved)
  }

  /** @throws SlsError `InvalidOption` for what is no snapshot */
  async save(snapshot: ProgressSnapshot): Promise<void> {
    this.#saved = structuredClone(checkedSnapshot(snapshot))
  }
}

/**
 * Progress in one file, replaced as a whole and synced, with the snapshot before it kept beside (`FILE.previous`):
 * there is a whole snapshot at any instant of a crash, and after a write that a full disk cut short.
 */
export class FileProgressStore implements ProgressStore {
  readonly file: string
  /** Only a file known to be whole may take the place of the previous one. */
  #whole: boolean = false

  /**
   * @param check throws for what is wrong in a snapshot that others keep more in: it counts as damaged then
   * @throws SlsError `InvalidOption` where the file has no name
   */
  constructor(
    file: string,
    private readonly check: (snapshot: ProgressSnapshot) => void = () => undefined
  ) {
    this.file = path.resolve(text('file', file))
  }

  /**
   * @throws SlsError `State`. A damaged file is kept aside first, so that the next call finds the snapshot before it,
   * or none.
   */
  async load(): Promise<ProgressSnapshot> {
    await this.#removeRemains()
    this.#whole = false
    const current = await this.#read(this.file)
    if (current !== undefined) {
      this.#whole = true
      return current
    }
    return (await this.#read(this.#previous)) ?? emptySnapshot()
  }

  /** @throws SlsError `State`; `InvalidOption` for what is no snapshot */
  async save(snapshot: ProgressSnapshot): Promise<void> {
    const content = formatSnapshot(checkedSnapshot(snapshot))
    try {
      await makeFolder(path.dirname(this.file))
      if (this.#whole) {
        this.#whole = false
        await rename(this.file, this.#previous)
      }
      await writeFileAtomic(this.file, content)
      const { size } = await stat(this.file)
      if (size !== Buffer.byteLength(content)) throw new Error('the disk is full')
      await syncFolder(path.dirname(this.file))
      this.#whole = true
    } catch (cause) {
      throw new SlsError('State', `The progress could not be saved to ${this.file}: ${reason(cause)}`, {
        retryability: 'ordinary',
        hint: 'Make the folder writable and give it free space',
        cause
      })
    }
  }

  get #previous(): string {
    return `${this.file}.previous`
  }

  async #read(file: string): Promise<ProgressSnapshot | undefined> {
    let content: string
    try {
      content = await readFile(file, 'utf8')
    } catch (cause) {
      if (errorCode(cause) === 'ENOENT') return undefined
      throw new SlsError('State', `The progress could not be read from ${file}: ${reason(cause)}`, {
        retryability: 'ordinary',
        hint: 'Make the file readable',
        cause
      })
    }
    try {
      const snapshot = parseSnapshot(content)
      this.check(snapshot)
      return snapshot
    } catch (cause) {
      return this.#keepAside(file, cause)
    }
  }

  async #keepAside(file: string, damage: unknown): Promise<never> {
    const aside = `${file}.damaged-${new Date().toISOString().replace(/[:.]/g, '-')}`
    try {
      await rename(file, aside)
    } catch (cause) {
      throw new SlsError(
        'State',
        `The progress in ${file} is damaged (${reason(damage)}): ${reason(cause)}`,
        {
          retryability: 'ordinary',
          hint: 'Move the file away',
          cause
        }
      )
    }
    throw new SlsError(
      'State',
      `The progress in ${file} is damaged (${reason(damage)}); it is kept as ${aside}`,
      { hint: 'What was saved before it is used if there is such, else reading starts anew', cause: damage }
    )
  }

  /** Removes what a process that was killed while it wrote left behind. */
  async #removeRemains(): Promise<void> {
    const folder = path.dirname(this.file)
    const names = await readdir(folder).catch((): string[] => [])
    const remains = names.filter((name) => {
      const prefix = `${path.basename(this.file)}.`
      return name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length))
    })
    await Promise.all(
      remains.map((name) => rm(path.join(folder, name), { force: true }).catch(() => undefined))
    )
  }
}

function checkedSnapshot(snapshot: ProgressSnapshot): ProgressSnapshot {
  try {
    return checkSnapshot(snapshot)
  } catch (cause) {
    throw invalid('snapshot', `snapshot: ${reason(cause)}`)
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
