import { allocateNative, type NativeBuffer } from './native-buffer'

/** A buffer that doubles when it is full, so that a byte is copied once on average. */
export class GrowingBuffer {
  bytes: NativeBuffer
  /** The same memory. */
  view: DataView

  /** @param capacity bytes */
  constructor(capacity: number) {
    this.bytes = allocateNative(capacity)
    this.view = viewOf(this.bytes)
  }

  /** Makes room for `size` bytes at `offset`; bytes before `offset` are kept. */
  reserve(offset: number, size: number): void {
    if (offset + size > this.bytes.length) this.#grow(offset, size)
  }

  #grow(offset: number, size: number): void {
    const grown = allocateNative(Math.max(offset + size, this.bytes.length * 2))
    this.bytes.copy(grown, 0, 0, offset)
    this.bytes = grown
    this.view = viewOf(grown)
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
