import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import type { Expand } from './expand'

export interface Zstd {
  compress(raw: Buffer): Promise<Buffer>
  expand: Expand
}

/** The part of node:zlib that came with Node 22.15 and 23.8. */
interface ZlibWithZstd {
  zstdCompress(
    raw: Buffer,
    options: { params: Record<number, number> },
    callback: (error: Error | null, frame: Buffer) => void
  ): void
  zstdDecompress: Expand
  constants: { ZSTD_c_compressionLevel: number }
}

/** As the Go and Python SDKs set it. */
const LEVEL = 1

/** Node's own zstd; undefined where this Node has none. */
export const zstd: Zstd | undefined = zstdOf(zlib)

function zstdOf(node: object): Zstd | undefined {
  if (!hasZstd(node)) return undefined
  const compress = promisify(node.zstdCompress)
  const params = { [node.constants.ZSTD_c_compressionLevel]: LEVEL }
  return { compress: (raw) => compress(raw, { params }), expand: node.zstdDecompress }
}

function hasZstd(node: object): node is ZlibWithZstd {
  return 'zstdCompress' in node && 'zstdDecompress' in node
}
