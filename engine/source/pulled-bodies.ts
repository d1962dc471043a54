import { BufferPool } from '../client/codec/buffer-pool'
import type { BodyMemory } from '../client/codec/log-group-list'
import { nativeBuffer } from '../client/codec/native-buffer'
import { expandLz4 } from '../client/compression/compression'

const MEBIBYTES = 1024 * 1024

/** Shared by all sources of the process, so that many that are at rest keep no more memory than one. */
const sharedPool = new BufferPool(16 * MEBIBYTES, 16 * MEBIBYTES)

/**
 * The bodies of the fetches of one source. All are held as they came, compressed; only those that were read last are
 * held decompressed as well, in memory that is used again, and are decompressed once more if need be.
 */
export class PulledBodies {
  readonly #capacity: number
  readonly #pool: BufferPool
  /** Decompressed bodies; the one that was read last comes last. */
  readonly #open = new Map<PulledBody, Buffer>()
  #openBytes = 0

  /**
   * @param capacity bytes of decompressed bodies, all together; a single one may have more
   * @param pool where their memory comes from and goes to
   */
  constructor(capacity: number = 16 * MEBIBYTES, pool: BufferPool = sharedPool) {
    this.#capacity = capacity
    this.#pool = pool
  }

  /** Bytes of the bodies that are held decompressed. */
  get openBytes(): number {
    return this.#openBytes
  }

  /** Memory of just that size for a body that is not held yet. */
  readonly allocate = (size: number): Buffer => {
    this.#makeRoom(size)
    return this.#pool.take(size).subarray(0, size)
  }

  /**
   * Holds a body.
   * @param raw what `block` holds, in memory from `allocate`
   * @param block as it came, one LZ4 block
   */
  hold(raw: Buffer, block: Buffer): PulledBody {
    const body = new PulledBody(this, block, raw.length)
    this.#add(body, raw)
    return body
  }

  /** The body, decompressed until another needs the memory. */
  open(body: PulledBody): Buffer {
    const known = this.#open.get(body)
    if (known === undefined) {
      const raw = this.allocate(body.size)
      expandLz4(body.block, raw)
      this.#add(body, raw)
      return raw
    }
    this.#open.delete(body)
    this.#open.set(body, known)
    return known
  }

  /** The decompressed body is not needed any more, as far as is known. */
  close(body: PulledBody): void {
    const raw = this.#open.get(body)
    if (raw === undefined) return
    this.#open.delete(body)
    this.#openBytes -= raw.length
    this.#pool.give(nativeBuffer(Buffer.from(raw.buffer)))
  }

  #add(body: PulledBody, raw: Buffer): void {
    this.#open.set(body, raw)
    this.#openBytes += raw.length
  }

  #makeRoom(size: number): void {
    for (const oldest of this.#open.keys()) {
      if (this.#openBytes + size <= this.#capacity) return
      this.close(oldest)
    }
  }
}

/** One body. It can be read at any time, even when it is closed: what is read anew is decompressed anew. */
export class PulledBody implements BodyMemory {
  readonly #bodies: PulledBodies
  readonly block: Buffer
  readonly size: number

  constructor(bodies: PulledBodies, block: Buffer, size: number) {
    this.#bodies = bodies
    this.block = block
    this.size = size
  }

  get current(): Buffer {
    return this.#bodies.open(this)
  }

  cut(start: number, end: number): Buffer {
    const copy = Buffer.allocUnsafeSlow(end - start)
    this.current.copy(copy, 0, start, end)
    return copy
  }

  close(): void {
    this.#bodies.close(this)
  }
}
