import type { Content } from '../../engine/client/codec/log-group-list'
import { varint } from './varint'

/** The encoded LogGroup with further LogTags at its end. */
export function appendTags(group: Buffer, tags: readonly Content[]): Buffer {
  return Buffer.concat([group, ...tags.map(encodeTag)])
}

function encodeTag([key, value]: Content): Buffer {
  return field(6, Buffer.concat([field(1, Buffer.from(key)), field(2, Buffer.from(value))]))
}

function field(number: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...varint(payload.length)]), payload])
}
