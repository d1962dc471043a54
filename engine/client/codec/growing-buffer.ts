import { BufferPool } from './buffer-pool'
import type { NativeBuffer } from './native-buffer'

/** Bytes: the largest group that the service takes, and room for one more value, so that its memory is used again. */
const LARGEST_GROUP = 10 * 1024 * 1024 + 64 * 1024
const pool = new BufferPool(LARGEST_GROUP, LARGEST_GROUP)

/** A buffer that doubles when it is full, so that a byte is copied once on average. */
export class GrowingBuffer {
  bytes: NativeBuffer
  /** The same memory. */
  view: DataView

  /** @param capacity bytes to begin with */
  constructor(capacity: number) {
    this.bytes = pool.takeAny(capacity)
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

  #grow(offset: number, size: number): void {
    const outgrown = this.bytes
    const doubled = outgrown.length * 2
    const wanted = outgrown.length < LARGEST_GROUP ? Math.min(doubled, LARGEST_GROUP) : doubled
    const grown = pool.takeAny(Math.max(offset + size, wanted))
    outgrown.copy(grown, 0, 0, offset)
    pool.give(outgrown)
    this.bytes = grown
    this.view = viewOf(grown)
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
