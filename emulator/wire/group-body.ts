import { Lz4Body } from './lz4-body'

/** An encoded LogGroup, or the LZ4 block in which it came. */
export type GroupBody = Buffer | Lz4Body

/** Bytes of the encoded LogGroup. */
export function sizeOf(body: GroupBody): number {
  return body instanceof Lz4Body ? body.rawSize : body.length
}

/** The encoded LogGroup. */
export function rawOf(body: GroupBody): Buffer {
  return body instanceof Lz4Body ? body.raw() : body
}
