import { BufferPool } from './buffer-pool'
import type { NativeBuffer } from './native-buffer'

/** Bytes: the largest group that the service takes, and room for one more value, so that its memory is used again. */
const LARGEST_GROUP = 10 * 1024 * 1024 + 64 * 1024
/** Bytes that are not worth being cut back. */
const SMALLEST = 8192
/** Bytes: what such a group outgrew on its way is kept beside it. */
const KEPT = 16 * 1024 * 1024
/** How many times too large memory may be for the beginning of a group, and for one that was outgrown. */
const FIRST_SLACK = 4
const GROWTH_SLACK = 16
const pool = new BufferPool(LARGEST_GROUP, KEPT)

/** A buffer that doubles when it is full, so that a byte is copied once on average. */
export class GrowingBuffer {
  bytes: NativeBuffer
  /** The same memory. */
  view: DataView

  /** @param capacity bytes to begin with */
  constructor(capacity: number) {
    this.bytes = pool.takeAny(capacity, FIRST_SLACK)
    this.view = viewOf(this.bytes)
  }

  /** Makes room for `size` bytes at `offset`; bytes before `offset` are kept. */
  reserve(offset: number, size: number): void {
    if (offset + size > this.bytes.length) this.#grow(offset, size)
  }

  /** Gives the memory to the next buffer. This one must not be used any more, nor any part of its bytes. */
  release(): void {
    pool.give(this.bytes)
  }

  /** Keeps the first `length` bytes, and gives back memory that is much too large for them. */
  cutBack(length: number): void {
    const taken = Math.max(length, SMALLEST)
    if (this.bytes.length > taken * FIRST_SLACK) this.#move(length, taken, FIRST_SLACK)
  }

  #grow(offset: number, size: number): void {
    const { length } = this.bytes
    const wanted = length < LARGEST_GROUP ? Math.min(length * 2, LARGEST_GROUP) : length * 2
    this.#move(offset, Math.max(offset + size, wanted), GROWTH_SLACK)
  }

  /** To other memory, with the first `kept` bytes. */
  #move(kept: number, size: number, slack: number): void {
    const left = this.bytes
    const taken = pool.takeAny(size, slack)
    left.copy(taken, 0, 0, kept)
    pool.give(left)
    this.bytes = taken
    this.view = viewOf(taken)
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
