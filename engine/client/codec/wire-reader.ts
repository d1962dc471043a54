import { SlsError } from '../errors'

export const VARINT = 0
const FIXED64 = 1
export const LENGTH_DELIMITED = 2
const START_GROUP = 3
const END_GROUP = 4
export const FIXED32 = 5
const MAX_GROUP_DEPTH = 64

/** Reads protobuf fields from a stretch of a buffer and never past its end. */
export class WireReader {
  readonly #buffer: Buffer
  readonly #end: number
  offset: number

  constructor(buffer: Buffer, start: number, end: number) {
    this.#buffer = buffer
    this.offset = start
    this.#end = end
  }

  get done(): boolean {
    return this.offset >= this.#end
  }

  /** A varint of at most 32 bits; `name` is what it stands for, in the error's message. */
  varint(name: string): number {
    const { offset } = this
    const first = offset < this.#end ? this.#buffer[offset] : undefined
    if (first === undefined) return this.#longVarint(name)
    if (first <= 0x7f) {
      this.offset = offset + 1
      return first
    }
    const second = offset + 1 < this.#end ? this.#buffer[offset + 1] : undefined
    if (second === undefined || second > 0x7f) return this.#longVarint(name)
    this.offset = offset + 2
    return (first & 0x7f) | (second << 7)
  }

  /** A field's tag; a tag with field number 0 is refused. */
  tag(): number {
    const start = this.offset
    const tag = this.varint('field tag')
    if (tag < 8) throw corrupt(start, 'field tag', 'has field number 0')
    return tag
  }

  /** Where the length-delimited field ends whose length is read here; the field starts at `offset`. */
  fieldEnd(name: string): number {
    const start = this.offset
    const length = this.varint(name)
    if (length > this.#end - this.offset) throw corrupt(start, name, `has length ${length}, past the end`)
    return this.offset + length
  }

  fixed32(name: string): number {
    const start = this.offset
    this.#advance(4, start, name)
    return this.#buffer.readUInt32LE(start)
  }

  text(name: string): string {
    const end = this.fieldEnd(name)
    const text = this.#buffer.toString('utf8', this.offset, end)
    this.offset = end
    return text
  }

  /** Passes over an unknown field whose tag, at `tagOffset`, was just read. */
  skip(tag: number, tagOffset: number, depth = 0): void {
    const name = `field ${tag >>> 3}`
    switch (tag & 7) {
      case VARINT:
        this.#skipVarint(name)
        break
      case FIXED64:
        this.#advance(8, tagOffset, name)
        break
      case LENGTH_DELIMITED:
        this.offset = this.fieldEnd(name)
        break
      case FIXED32:
        this.#advance(4, tagOffset, name)
        break
      case START_GROUP:
        this.#skipGroup(tag, tagOffset, depth)
        break
      default:
        throw corrupt(tagOffset, name, `has wire type ${tag & 7}`)
    }
  }

  #skipGroup(startTag: number, startOffset: number, depth: number): void {
    const name = `field ${startTag >>> 3}`
    if (depth >= MAX_GROUP_DEPTH) throw corrupt(startOffset, name, 'is nested too deep')
    while (!this.done) {
      const tagOffset = this.offset
      const tag = this.tag()
      if ((tag & 7) === END_GROUP) {
        if (tag >>> 3 === startTag >>> 3) return
        throw corrupt(tagOffset, name, 'ends with the end of another group')
      }
      this.skip(tag, tagOffset, depth + 1)
    }
    throw corrupt(startOffset, name, 'has no end')
  }

  #longVarint(name: string): number {
    const start = this.offset
    let value = 0
    for (let scale = 1; scale <= 0x1000_0000; scale *= 0x80) {
      const byte = this.#byte(name, start)
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (value > 0xffff_ffff) break
        return value
      }
    }
    throw corrupt(start, name, 'is a number of more than 32 bits')
  }

  #skipVarint(name: string): void {
    const start = this.offset
    for (let count = 0; count < 10; count++) {
      if (this.#byte(name, start) < 0x80) return
    }
    throw corrupt(start, name, 'is a varint of more than 10 bytes')
  }

  #advance(size: number, start: number, name: string): void {
    if (size > this.#end - this.offset) throw corrupt(start, name, 'is cut off')
    this.offset += size
  }

  #byte(name: string, start: number): number {
    const byte = this.offset < this.#end ? this.#buffer[this.offset] : undefined
    if (byte === undefined) throw corrupt(start, name, 'is cut off')
    this.offset++
    return byte
  }
}

export function corrupt(offset: number, name: string, what: string): SlsError {
  return new SlsError('CorruptBody', `corrupt log data at byte ${offset}: ${name} ${what}`, {
    field: name,
    retryability: 'ordinary'
  })
}
