/**
 * Node's own string methods of a buffer, without the argument handling of `toString` and `write`:
 * on strings of log-field length that handling costs as much as the work.
 */
export interface NativeBuffer extends Buffer {
  latin1Slice(start: number, end: number): string
  utf8Slice(start: number, end: number): string
  ucs2Slice(start: number, end: number): string
  utf8Write(text: string, offset: number, length: number): number
  latin1Write(text: string, offset: number, length: number): number
}

export function nativeBuffer(buffer: Buffer): NativeBuffer {
  return buffer as NativeBuffer
}

/** A buffer of its own memory, so that keeping it never keeps a pool alive. */
export function allocateNative(size: number): NativeBuffer {
  return Buffer.allocUnsafeSlow(size) as NativeBuffer
}
