import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import { SlsError } from '../errors'
import { type CompressionName, compressionNames } from '../model'
import { checkedBytes, oneOf } from '../option-checks'
import { type Expand, expandExactly } from './expand'
import { type Lz4Implementation, lz4 } from './lz4'
import { zstd } from './zstd'

export type { CompressionName } from '../model'

/** Bytes. The service answers about 10 MiB at most; the SDKs take no more than 50 MiB. */
const DEFAULT_RAW_LIMIT = 64 * 1024 * 1024
/** Most raw bytes that one byte stands for. */
const LZ4_MOST_EXPANSION = 255
const DEFLATE_MOST_EXPANSION = 1032

/** Bytes kept for making LZ4 blocks. */
const LARGEST_SCRATCH = 1024 * 1024

let scratch = Buffer.alloc(0)

const deflate = promisify<Buffer, Buffer>(zlib.deflate)

/** Which LZ4 codec is in use: the native `lz4` package where it was built, else our own. */
export function lz4Implementation(): Lz4Implementation {
  return lz4().implementation
}

/** What this Node can compress and decompress; zstd only where node:zlib has it. */
export function supportedCompressions(): CompressionName[] {
  return zstd === undefined ? ['lz4', 'deflate', 'none'] : ['lz4', 'zstd', 'deflate', 'none']
}

/**
 * The body to send: one LZ4 block (no frame, no size prefix), one zstd frame, a zlib stream, or `raw` itself.
 * @throws SlsError `InvalidOption`, field `compression`, for one that there is not, and zstd where this Node has none;
 *   field `raw` for what is no Buffer
 */
export async function compress(name: CompressionName, raw: Buffer): Promise<Buffer> {
  checkedBytes('raw', raw)
  switch (oneOf('compression', name, compressionNames)) {
    case 'lz4':
      return compressLz4(raw)
    case 'deflate':
      return await deflate(raw)
    case 'zstd':
      if (zstd === undefined) {
        throw new SlsError('InvalidOption', 'this Node has no zstd', {
          field: 'compression',
          hint: 'Choose lz4, or run Node 22.15 or later'
        })
      }
      return await zstd.compress(raw)
    case 'none':
      return raw
  }
}

/**
 * The raw bytes of a received body, exactly `rawSize` of them. `deflate` takes a zlib or a gzip stream.
 * No more is allocated than the declared size, and that only when it is possible.
 * @param rawSize bytes, as the sender declared
 * @param limit most bytes that `rawSize` may be
 * @param allocate gives memory of just that size for what was LZ4, new memory where not given
 * @throws SlsError `CorruptBody` when the data is damaged or of another size; `BadResponse` for zstd where this Node
 *   has none
 */
export async function decompress(
  name: CompressionName,
  data: Buffer,
  rawSize: number,
  limit: number = DEFAULT_RAW_LIMIT,
  allocate: (size: number) => Buffer = Buffer.allocUnsafeSlow
): Promise<Buffer> {
  if (!Number.isInteger(rawSize) || rawSize < 0) throw corrupt(name, `the declared size is ${rawSize}`)
  if (rawSize > limit) throw corrupt(name, `the declared size is ${rawSize} bytes, more than ${limit}`)
  if (rawSize === 0 && data.length === 0) return data
  switch (name) {
    case 'lz4':
      return decompressLz4(data, rawSize, allocate)
    case 'deflate':
      if (rawSize > data.length * DEFLATE_MOST_EXPANSION) throw impossible(name, data.length, rawSize)
      return await expand(name, zlib.unzip, data, rawSize)
    case 'zstd':
      if (zstd === undefined) {
        throw new SlsError('BadResponse', 'the body is compressed with zstd, which this Node does not have', {
          hint: 'Run Node 22.15 or later'
        })
      }
      return await expand(name, zstd.expand, data, rawSize)
    case 'none':
      if (data.length !== rawSize) throw corrupt(name, `${data.length} bytes, declared are ${rawSize}`)
      return data
  }
}

/**
 * Fills `raw` with what one LZ4 block holds.
 * @throws SlsError `CorruptBody` when the block is damaged or holds more or less
 */
export function expandLz4(block: Buffer, raw: Buffer): void {
  if (!lz4().decode(block, raw)) throw corrupt('lz4', `not a block of ${raw.length} bytes`)
}

/** The block is made in memory that is used again and then copied, so that a body holds no more than its size. */
function compressLz4(raw: Buffer): Buffer {
  const codec = lz4()
  const bound = codec.bound(raw.length)
  if (bound > scratch.length) {
    const block = Buffer.allocUnsafeSlow(bound)
    if (bound > LARGEST_SCRATCH) return copyOf(block.subarray(0, codec.encode(raw, block)))
    scratch = block
  }
  return copyOf(scratch.subarray(0, codec.encode(raw, scratch)))
}

function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
}

function decompressLz4(data: Buffer, rawSize: number, allocate: (size: number) => Buffer): Buffer {
  if (rawSize > data.length * LZ4_MOST_EXPANSION) throw impossible('lz4', data.length, rawSize)
  const raw = allocate(rawSize)
  expandLz4(data, raw)
  return raw
}

async function expand(
  name: CompressionName,
  decoder: Expand,
  data: Buffer,
  rawSize: number
): Promise<Buffer> {
  try {
    return await expandExactly(decoder, data, rawSize)
  } catch (error) {
    throw corrupt(name, `not a stream of ${rawSize} bytes`, error)
  }
}

function impossible(name: CompressionName, size: number, rawSize: number): SlsError {
  return corrupt(name, `${size} bytes cannot hold the declared ${rawSize}`)
}

function corrupt(name: CompressionName, what: string, cause?: unknown): SlsError {
  return new SlsError('CorruptBody', `corrupt body (compression ${name}): ${what}`, {
    retryability: 'ordinary',
    cause
  })
}
