import { allocateNative, type NativeBuffer } from './native-buffer'

const SMALLEST = 4096
const MEBIBYTES = 1024 * 1024

/**
 * Memory that was written to before: the system hands out new memory page by page at the first write, which costs as
 * much as encoding into it. Sizes are powers of two, and the largest.
 */
export class BufferPool {
  readonly #free: NativeBuffer[] = []
  readonly #largest: number
  readonly #capacity: number
  #kept = 0

  /**
   * @param largest bytes: buffers above this size are not kept
   * @param capacity bytes kept in all
   */
  constructor(largest: number = 8 * MEBIBYTES, capacity: number = 8 * MEBIBYTES) {
    this.#largest = largest
    this.#capacity = capacity
  }

  /** A buffer of at least `size` bytes, of unknown content. */
  take(size: number): NativeBuffer {
    const rounded = size > this.#largest ? size : Math.min(roundUp(size), this.#largest)
    return this.#takeAt(this.#free.findIndex(({ length }) => length === rounded)) ?? allocateNative(rounded)
  }

  /** As `take`, but the buffer given back last that is large enough, and at most so many times larger. */
  takeAny(size: number, slack: number): NativeBuffer {
    const largest = Math.max(size, SMALLEST) * slack
    const fitting = this.#free.findLastIndex(({ length }) => length >= size && length <= largest)
    return this.#takeAt(fitting) ?? this.take(size)
  }

  /** Takes back a buffer from `take` that nobody reads or writes any more. */
  give(buffer: NativeBuffer): void {
    if (buffer.length > this.#largest) return
    this.#free.push(buffer)
    this.#kept += buffer.length
    while (this.#kept > this.#capacity) this.#kept -= this.#free.shift()?.length ?? 0
  }

  /** @param index negative: nothing is taken */
  #takeAt(index: number): NativeBuffer | undefined {
    if (index < 0) return undefined
    const [buffer] = this.#free.splice(index, 1)
    this.#kept -= buffer?.length ?? 0
    return buffer
  }
}

function roundUp(size: number): number {
  return Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(size)))
}
