import * as zlib from 'node:zlib'

const POLYNOMIAL = 0xedb88320

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1
  return value
})

/** Of `node:zlib`, which has it from Node 20.15 on. */
const native = (zlib as { crc32?: (data: Uint8Array, value?: number) => number }).crc32

/** CRC-32 as in zip and PNG. `value` is the sum of the bytes before, 0 where there are none. */
export const crc32: (data: Uint8Array, value?: number) => number = native ?? portableCrc32

/** The same without help of the runtime. */
export function portableCrc32(data: Uint8Array, value: number = 0): number {
  let sum = ~value >>> 0
  for (let index = 0; index < data.length; index++)
    sum = ((table[(sum ^ (data[index] ?? 0)) & 0xff] ?? 0) ^ (sum >>> 8)) >>> 0
  return ~sum >>> 0
}
