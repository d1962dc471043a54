import { type CompressionName, supportedCompressions } from '../../engine/client/compression/compression'

export interface Encoding {
  /** As `x-log-compresstype` says it. */
  name: string
  compression: CompressionName
}

/** In the order of preference. `gzip` names a zlib stream too, as the Python SDK reads it. */
const ENCODINGS: readonly Encoding[] = [
  { name: 'lz4', compression: 'lz4' },
  { name: 'zstd', compression: 'zstd' },
  { name: 'deflate', compression: 'deflate' },
  { name: 'gzip', compression: 'deflate' }
]

/** How an answer is compressed for a client that accepts these; undefined: not at all. */
export function chooseEncoding(acceptEncoding: string | undefined): Encoding | undefined {
  const accepted = new Set(acceptEncoding?.split(',').map((part) => part.split(';')[0]?.trim().toLowerCase()))
  const supported = supportedCompressions()
  return ENCODINGS.find(({ name, compression }) => accepted.has(name) && supported.includes(compression))
}
