/** Walks protobuf fields of a buffer without copying or decoding; throws RangeError where a frame is broken. */
export class FrameReader {
  /** Number and wire type of the field that `next` found. */
  field = 0
  wireType = 0
  /** Value of a varint field, or length of a length-delimited one whose payload starts at `offset`. */
  value = 0
  offset: number

  constructor(
    readonly buffer: Buffer,
    start: number,
    readonly end: number
  ) {
    this.offset = start
  }

  /** Steps to the next field, past the payload of the last one unless that is being read in place. */
  next(): boolean {
    if (this.offset >= this.end) return false
    const tag = this.#varint()
    this.field = Math.floor(tag / 8)
    this.wireType = tag % 8
    if (this.field === 0) throw new RangeError(`field number 0 at byte ${this.offset}`)
    if (this.wireType === 0) this.value = this.#varint()
    else if (this.wireType === 2) {
      this.value = this.#varint()
      if (this.value > this.end - this.offset)
        throw new RangeError(`field ${this.field} is cut at byte ${this.offset}`)
    } else if (this.wireType === 5) this.#fixed(4)
    else if (this.wireType === 1) this.#fixed(8)
    else throw new RangeError(`wire type ${this.wireType} at byte ${this.offset}`)
    return true
  }

  /** Steps over the payload of a length-delimited field. */
  skip(): void {
    if (this.wireType === 2) this.offset += this.value
  }

  payload(): Buffer {
    return this.buffer.subarray(this.offset, this.offset + this.value)
  }

  #fixed(size: number): void {
    if (size > this.end - this.offset)
      throw new RangeError(`field ${this.field} is cut at byte ${this.offset}`)
    this.offset += size
  }

  #varint(): number {
    let value = 0
    let scale = 1
    for (let i = 0; i < 10; i++) {
      const byte = this.offset < this.end ? this.buffer[this.offset++] : undefined
      if (byte === undefined) throw new RangeError(`varint is cut at byte ${this.offset}`)
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
    throw new RangeError(`varint is too long at byte ${this.offset}`)
  }
}
