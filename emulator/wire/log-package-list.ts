import protobuf from 'protobufjs/light'
import type { CompressionName } from '../../engine/client/compression/compression'
import { postBodyInvalid } from '../service-error'
import { MAX_RAW_BODY, uncompress } from './body'

const COMPRESSIONS: readonly CompressionName[] = ['none', 'deflate', 'lz4', 'zstd']

/** As the Java SDK writes batches. */
const { root } = protobuf.Root.fromJSON({
  nested: {
    SlsLogPackage: {
      fields: {
        data: { rule: 'required', type: 'bytes', id: 1 },
        uncompressSize: { type: 'int32', id: 2 },
        compressType: { type: 'int32', id: 3 }
      }
    },
    SlsLogPackageList: {
      fields: { packages: { rule: 'repeated', type: 'SlsLogPackage', id: 1 } }
    }
  }
})
const packageList = root.lookupType('SlsLogPackageList')

interface LogPackage {
  data: Uint8Array
  uncompressSize?: number
  compressType?: number
}

/** The encoded LogGroups of an SlsLogPackageList, each package decompressed on its own. */
export async function readLogPackages(body: Buffer): Promise<Buffer[]> {
  const packages = parsePackages(body)
  if (packages.reduce((sum, { rawSize }) => sum + rawSize, 0) > MAX_RAW_BODY) {
    throw postBodyInvalid(`the packages have more than ${MAX_RAW_BODY} raw bytes`)
  }
  return Promise.all(packages.map(({ compression, data, rawSize }) => uncompress(compression, data, rawSize)))
}

function parsePackages(body: Buffer): { data: Buffer; rawSize: number; compression: CompressionName }[] {
  return decodeList(body).map(({ data, uncompressSize, compressType }) => {
    const compression = COMPRESSIONS[compressType ?? 0]
    const rawSize = uncompressSize ?? data.length
    if (compression === undefined || rawSize < 0) throw postBodyInvalid('a log package is incomplete')
    return { data: Buffer.from(data.buffer, data.byteOffset, data.length), rawSize, compression }
  })
}

function decodeList(body: Buffer): LogPackage[] {
  try {
    const list = packageList.toObject(packageList.decode(body), { arrays: true })
    return list['packages'] as LogPackage[]
  } catch (error) {
    throw postBodyInvalid(`protobuf parse error: ${error instanceof Error ? error.message : String(error)}`)
  }
}
