import type { CompressionName } from '../../engine/client/model'
import { postBodyInvalid } from '../service-error'
import { MAX_RAW_BODY, uncompress } from './body'
import { FrameReader } from './frame-reader'

const COMPRESSIONS: readonly CompressionName[] = ['none', 'deflate', 'lz4', 'zstd']

interface LogPackage {
  data: Buffer
  rawSize: number
  compression: CompressionName
}

/** The encoded LogGroups of an SlsLogPackageList, each package decompressed on its own. */
export async function readLogPackages(body: Buffer): Promise<Buffer[]> {
  const packages = parsePackages(body)
  if (packages.reduce((sum, { rawSize }) => sum + rawSize, 0) > MAX_RAW_BODY) {
    throw postBodyInvalid(`the packages have more than ${MAX_RAW_BODY} raw bytes`)
  }
  return Promise.all(packages.map(({ compression, data, rawSize }) => uncompress(compression, data, rawSize)))
}

function parsePackages(body: Buffer): LogPackage[] {
  try {
    const reader = new FrameReader(body, 0, body.length)
    const packages: LogPackage[] = []
    while (reader.next()) {
      if (reader.field === 1 && reader.wireType === 2) packages.push(parsePackage(reader.payload()))
      reader.skip()
    }
    return packages
  } catch (error) {
    if (error instanceof RangeError) throw postBodyInvalid(`protobuf parse error: ${error.message}`)
    throw error
  }
}

function parsePackage(body: Buffer): LogPackage {
  const reader = new FrameReader(body, 0, body.length)
  let data: Buffer | undefined
  let rawSize: number | undefined
  let type = 0
  while (reader.next()) {
    if (reader.field === 1 && reader.wireType === 2) data = reader.payload()
    else if (reader.field === 2 && reader.wireType === 0) rawSize = reader.value
    else if (reader.field === 3 && reader.wireType === 0) type = reader.value
    reader.skip()
  }
  const compression = COMPRESSIONS[type]
  if (data === undefined || compression === undefined) throw postBodyInvalid('a log package is incomplete')
  return { data, rawSize: rawSize ?? data.length, compression }
}
