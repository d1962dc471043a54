import { constants } from 'node:fs'
import { type FileHandle, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import * as path from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import { makeFolder } from '../make-folder'
import { errorCode, syncFolder } from '../sync-folder'
import { ReadFaults } from './read-faults'

/** An open file of a spool. */
export interface SpoolFile {
  /**
   * Fills `target` from `position` on, with zeros where the disk fails for good. Returns fewer bytes than it holds only at
   * the end of the file.
   */
  read(target: Buffer, position: number): Promise<number>
  /** Writes all of the bytes, or throws. */
  write(bytes: Buffer, position: number): Promise<void>
  /** What was written survives a loss of power once this resolves. Throws where the file was deleted meanwhile. */
  sync(): Promise<void>
  truncate(size: number): Promise<void>
  close(): Promise<void>
}

/** The folder of a spool: a real one, or in tests one that loses power when it is told to. */
export interface SpoolDisk {
  readonly path: string
  /** Makes the folder where it is missing. */
  prepare(): Promise<void>
  /** The plain files. */
  list(): Promise<{ name: string; size: number }[]>
  /**
   * A new file; its name survives a loss of power once this resolves. Throws where it exists; a file whose name cannot
   * be made safe is not left behind.
   */
  create(name: string): Promise<SpoolFile>
  /** An existing file, for reading and writing. */
  open(name: string): Promise<SpoolFile>
  read(name: string): Promise<Buffer | undefined>
  /** Replaces a file as a whole: at any instant there is the old or the new one. */
  replace(name: string, content: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  remove(name: string): Promise<void>
}

/** Logs may be confidential: only the user of the process reads them. */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600

/** Bytes that a disk fails to read together. */
const BLOCK = 4096

export class FolderDisk implements SpoolDisk {
  readonly path: string
  readonly #faults: ReadFaults

  /** @param now milliseconds from any fixed instant, never going back */
  constructor(folder: string, now: () => number = () => performance.now()) {
    this.path = path.resolve(folder)
    this.#faults = new ReadFaults(now)
  }

  async prepare(): Promise<void> {
    await makeFolder(this.path, FOLDER_MODE)
  }

  async list(): Promise<{ name: string; size: number }[]> {
    const entries = await readdir(this.path, { withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile())
    return Promise.all(files.map(async ({ name }) => ({ name, size: (await stat(this.#file(name))).size })))
  }

  async create(name: string): Promise<SpoolFile> {
    await this.prepare()
    const handle = await open(this.#file(name), 'wx+', FILE_MODE)
    try {
      await syncFolder(this.path)
    } catch (error) {
      await handle.close()
      await this.remove(name).catch(() => undefined)
      throw error
    }
    return new DiskFile(handle, name, this.#faults)
  }

  async open(name: string): Promise<SpoolFile> {
    return new DiskFile(await open(this.#file(name), constants.O_RDWR), name, this.#faults)
  }

  async read(name: string): Promise<Buffer | undefined> {
    try {
      return await readFile(this.#file(name))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  async replace(name: string, content: string): Promise<void> {
    await this.prepare()
    await writeFileAtomic(this.#file(name), content, { mode: FILE_MODE })
    await syncFolder(this.path)
  }

  async rename(from: string, to: string): Promise<void> {
    await rename(this.#file(from), this.#file(to))
  }

  async remove(name: string): Promise<void> {
    await rm(this.#file(name), { force: true })
  }

  #file(name: string): string {
    return path.join(this.path, name)
  }
}

class DiskFile implements SpoolFile {
  constructor(
    private readonly handle: FileHandle,
    private readonly name: string,
    private readonly faults: ReadFaults
  ) {}

  async read(target: Buffer, position: number): Promise<number> {
    try {
      const done = await this.#fill(target, position)
      this.faults.passed(this.name, position)
      return done
    } catch (error) {
      if (errorCode(error) !== 'EIO' || !this.faults.failed(this.name, position)) throw error
      return this.#readAround(target, position)
    }
  }

  async #fill(target: Buffer, position: number): Promise<number> {
    let done = 0
    while (done < target.length) {
      const { bytesRead } = await this.handle.read(target, done, target.length - done, position + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return done
  }

  async #readAround(target: Buffer, position: number): Promise<number> {
    const { size } = await this.handle.stat()
    const end = Math.min(position + target.length, size)
    for (let at = position; at < end; at += BLOCK - (at % BLOCK)) {
      const block = target.subarray(at - position, Math.min(end, at + BLOCK - (at % BLOCK)) - position)
      try {
        await this.#fill(block, at)
      } catch (error) {
        if (errorCode(error) !== 'EIO') throw error
        block.fill(0)
      }
    }
    return Math.max(0, end - position)
  }

  async write(bytes: Buffer, position: number): Promise<void> {
    let done = 0
    while (done < bytes.length) {
      const { bytesWritten } = await this.handle.write(bytes, done, bytes.length - done, position + done)
      done += bytesWritten
    }
  }

  async sync(): Promise<void> {
    await this.handle.datasync()
    const { nlink } = await this.handle.stat()
    if (nlink === 0) throw new Error('the file was deleted')
  }

  async truncate(size: number): Promise<void> {
    await this.handle.truncate(size)
    await this.handle.sync()
  }

  async close(): Promise<void> {
    await this.handle.close()
  }
}
