import { BufferPool } from './buffer-pool'
import type { NativeBuffer } from './native-buffer'

const pool = new BufferPool()

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
    const grown = pool.takeAny(Math.max(offset + size, outgrown.length * 2))
    outgrown.copy(grown, 0, 0, offset)
    pool.give(outgrown)
    this.bytes = grown
    this.view = viewOf(grown)
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
