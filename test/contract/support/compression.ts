import zlib from 'node:zlib'
import { decodeLz4Block, literalLz4Block } from './lz4-block'

export type Compression = 'lz4' | 'zstd' | 'deflate'

type Codec = (data: Buffer) => Buffer
const zstd = zlib as unknown as { zstdCompressSync?: Codec; zstdDecompressSync?: Codec }

/** False on a Node.js without zstd. */
export const hasZstd = zstd.zstdCompressSync !== undefined

export function compress(name: Compression, raw: Buffer): Buffer {
  if (name === 'lz4') return literalLz4Block(raw)
  if (name === 'deflate') return zlib.deflateSync(raw)
  if (zstd.zstdCompressSync === undefined) throw new Error('this Node.js has no zstd')
  return zstd.zstdCompressSync(raw)
}

/** A reply's body as its x-log-compresstype tells; throws when that is not what the body is. */
export function decompress(name: string | undefined, data: Buffer, rawSize: number): Buffer {
  if (name === undefined) return data
  if (name === 'lz4') return decodeLz4Block(data, rawSize)
  if (name === 'deflate' || name === 'gzip') return zlib.inflateSync(data)
  if (name === 'zstd' && zstd.zstdDecompressSync !== undefined) return zstd.zstdDecompressSync(data)
  throw new Error(`unknown compression ${name}`)
}
