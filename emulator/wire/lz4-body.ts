import { lz4 } from '../../engine/client/compression/lz4'
import { findEnds, type Lz4Ends } from './lz4-join'

/** Memory for bytes that are looked at once; large memory anew for each would cost far more than the work itself. */
let scratch = Buffer.alloc(0)

/** A log group in the LZ4 block in which it came. */
export class Lz4Body {
  #ends: Lz4Ends | undefined
  #endsAreKnown = false

  constructor(
    readonly block: Buffer,
    /** Bytes of the group. */
    readonly rawSize: number
  ) {}

  /** Where the block can be joined with others; undefined where it cannot, though a decoder takes it. */
  get ends(): Lz4Ends | undefined {
    if (!this.#endsAreKnown) this.#ends = findEnds(this.block)
    this.#endsAreKnown = true
    return this.#ends
  }

  /** The group, in memory that the next call overwrites; throws a RangeError where the block is damaged. */
  peek(): Buffer {
    if (scratch.length < this.rawSize) scratch = Buffer.allocUnsafeSlow(this.rawSize)
    return this.#decodeTo(scratch.subarray(0, this.rawSize))
  }

  /** The group, in memory of its own. */
  raw(): Buffer {
    return this.#decodeTo(Buffer.allocUnsafeSlow(this.rawSize))
  }

  #decodeTo(raw: Buffer): Buffer {
    if (!lz4().decode(this.block, raw)) throw new RangeError(`not an LZ4 block of ${this.rawSize} bytes`)
    return raw
  }
}
