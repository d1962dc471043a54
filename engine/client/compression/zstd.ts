import { promisify } from 'node:util'
import * as zlib from 'node:zlib'

export interface Zstd {
  compress(raw: Buffer): Promise<Buffer>
  /** Rejects with `ERR_BUFFER_TOO_LARGE` as soon as the output passes `maxOutputLength` bytes. */
  decompress(data: Buffer, maxOutputLength: number): Promise<Buffer>
}

type Callback = (error: Error | null, result: Buffer) => void

/** The part of node:zlib that came with Node 22.15 and 23.8. */
interface ZstdOfNode {
  zstdCompress(raw: Buffer, options: { params: Record<number, number> }, callback: Callback): void
  zstdDecompress(data: Buffer, options: { maxOutputLength: number }, callback: Callback): void
  constants: { ZSTD_c_compressionLevel: number }
}

/** As the Go and Python SDKs set it. */
const LEVEL = 1

/** Node's own zstd; undefined where this Node has none. */
export const zstd: Zstd | undefined = loadZstd(zlib)

function loadZstd(node: object): Zstd | undefined {
  if (!hasZstd(node)) return undefined
  const compress = promisify(node.zstdCompress)
  const decompress = promisify(node.zstdDecompress)
  const params = { [node.constants.ZSTD_c_compressionLevel]: LEVEL }
  return {
    compress: async (raw) => await compress(raw, { params }),
    decompress: async (data, maxOutputLength) => await decompress(data, { maxOutputLength })
  }
}

function hasZstd(node: object): node is ZstdOfNode {
  return 'zstdCompress' in node && 'zstdDecompress' in node
}
