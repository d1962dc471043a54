import type { SpoolDisk, SpoolFile } from '../../../../engine/state/spool/disk'

interface Stored {
  /** What a loss of power leaves for sure. */
  durable: Buffer
  /** What the process sees. */
  current: Buffer
  /** False until the name itself is safe. */
  named: boolean
}

class PowerLoss extends Error {}

function failure(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated`), { code })
}

/**
 * A folder in memory that behaves as disks do at their worst: what is not synced survives a loss of power in part or not
 * at all, names that were removed may come back, and the power goes in the middle of a write.
 */
export class FragileDisk implements SpoolDisk {
  readonly path = '/spool'
  #files = new Map<string, Stored>()
  /** Removed, but a loss of power may bring them back. */
  #removed = new Map<string, Stored>()
  #life = 0
  /** Bytes until the power goes; undefined for never. */
  fuse: number | undefined
  /** Bytes that still find room; undefined for no bound. */
  room: number | undefined
  failSyncs = 0
  syncs = 0
  isOff = false

  /** @param choose a whole number below its argument: decides what survives */
  constructor(private readonly choose: (below: number) => number) {}

  get names(): string[] {
    return [...this.#files.keys()]
  }

  content(name: string): Buffer {
    return this.#files.get(name)?.current ?? Buffer.alloc(0)
  }

  /** Puts a file there, or what is to stand in its place. */
  put(name: string, content: Buffer): void {
    this.#files.set(name, { durable: content, current: content, named: true })
  }

  /** What of the spool's files is in use. */
  get used(): number {
    return [...this.#files].reduce(
      (sum, [name, { current }]) => sum + (name.endsWith('.spool') ? current.length : 0),
      0
    )
  }

  /** The power goes, and comes back. */
  crash(): void {
    this.#life++
    this.isOff = false
    this.fuse = undefined
    const survivors = new Map<string, Stored>()
    for (const [name, file] of this.#removed) if (this.choose(2) === 0) survivors.set(name, file)
    for (const [name, file] of this.#files) if (file.named || this.choose(2) === 0) survivors.set(name, file)
    this.#removed = new Map()
    this.#files = new Map(
      [...survivors].map(([name, file]) => {
        const content = this.#afterCrash(file)
        return [name, { durable: content, current: content, named: true }]
      })
    )
  }

  #afterCrash({ durable, current }: Stored): Buffer {
    if (current.equals(durable)) return durable
    const kept = Math.min(durable.length, current.length)
    const size = kept + this.choose(Math.max(durable.length, current.length) - kept + 1)
    const content = Buffer.alloc(size)
    durable.copy(content, 0, 0, Math.min(kept, size))
    // Of what came after the last sync, a part from the front, and perhaps another part behind a hole.
    const front = kept + this.choose(size - kept + 1)
    current.copy(content, kept, kept, front)
    const hole = front + this.choose(size - front + 1)
    if (this.choose(2) === 0) current.copy(content, hole, hole, size)
    return content
  }

  #spend(life: number, bytes: number): number {
    this.#check(life)
    if (this.fuse === undefined) return bytes
    const written = Math.min(bytes, this.fuse)
    this.fuse -= written
    if (written < bytes || this.fuse === 0) this.isOff = true
    return written
  }

  #check(life: number): void {
    if (this.isOff || life !== this.#life) throw new PowerLoss('the power is off')
  }

  /** The disk as a process sees it until the next crash: afterwards it fails whatever that process still does. */
  mount(): SpoolDisk {
    const life = this.#life
    const alive =
      <Arguments extends unknown[], Result>(task: (...given: Arguments) => Promise<Result>) =>
      async (...given: Arguments): Promise<Result> => {
        this.#check(life)
        return task(...given)
      }
    return {
      path: this.path,
      prepare: alive(() => this.prepare()),
      list: alive(() => this.list()),
      create: alive((name) => this.create(name)),
      open: alive((name) => this.open(name)),
      read: alive((name) => this.read(name)),
      replace: alive((name, content) => this.replace(name, content)),
      rename: alive((from, to) => this.rename(from, to)),
      remove: alive((name) => this.remove(name))
    }
  }

  async prepare(): Promise<void> {
    this.#check(this.#life)
  }

  async list(): Promise<{ name: string; size: number }[]> {
    this.#check(this.#life)
    return [...this.#files].map(([name, { current }]) => ({ name, size: current.length }))
  }

  async create(name: string): Promise<SpoolFile> {
    const life = this.#life
    await Promise.resolve()
    this.#check(life)
    if (this.#files.has(name)) throw failure('EEXIST')
    if (this.room === 0) throw failure('ENOSPC')
    const file: Stored = { durable: Buffer.alloc(0), current: Buffer.alloc(0), named: false }
    this.#files.set(name, file)
    this.#spend(life, 1)
    await Promise.resolve()
    this.#check(life)
    file.named = true
    return this.#handle(file)
  }

  async open(name: string): Promise<SpoolFile> {
    this.#check(this.#life)
    const file = this.#files.get(name)
    if (file === undefined) throw failure('ENOENT')
    return this.#handle(file)
  }

  async read(name: string): Promise<Buffer | undefined> {
    this.#check(this.#life)
    return this.#files.get(name)?.current
  }

  async replace(name: string, content: string): Promise<void> {
    const life = this.#life
    this.#spend(life, 1)
    this.#check(life)
    if (this.room === 0) throw failure('ENOSPC')
    this.put(name, Buffer.from(content))
  }

  async rename(from: string, to: string): Promise<void> {
    this.#check(this.#life)
    const file = this.#files.get(from)
    if (file === undefined) throw failure('ENOENT')
    this.#files.delete(from)
    this.#files.set(to, file)
  }

  async remove(name: string): Promise<void> {
    this.#check(this.#life)
    const file = this.#files.get(name)
    if (file === undefined) return
    this.#files.delete(name)
    this.#removed.set(name, file)
  }

  #handle(file: Stored): SpoolFile {
    const life = this.#life
    return {
      read: async (target, position) => {
        this.#check(life)
        return file.current.copy(target, 0, position, position + target.length)
      },
      write: async (bytes, position) => {
        const fits = Math.min(bytes.length, this.room ?? bytes.length)
        const written = this.#spend(life, fits)
        if (this.room !== undefined) this.room -= written
        const grown = Buffer.alloc(Math.max(file.current.length, position + written))
        file.current.copy(grown)
        bytes.copy(grown, position, 0, written)
        file.current = grown
        this.#check(life)
        if (written < bytes.length) throw failure('ENOSPC')
      },
      sync: async () => {
        await Promise.resolve()
        this.#check(life)
        this.syncs++
        if (this.failSyncs > 0) {
          this.failSyncs--
          throw failure('EIO')
        }
        file.durable = file.current
      },
      truncate: async (size) => {
        this.#check(life)
        file.current = Buffer.from(file.current.subarray(0, size))
        file.durable = file.current
      },
      close: async () => undefined
    }
  }
}
