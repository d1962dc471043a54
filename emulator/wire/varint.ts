/** Bytes of a protobuf varint; `value` is an integer of [0, 2^31). */
export function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)]
}
