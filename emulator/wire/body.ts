import {
  type CompressionName,
  decompress,
  supportedCompressions
} from '../../engine/client/compression/compression'
import type { EmulatorRequest } from '../http/request'
import { ServiceError } from '../service-error'

/** Raw (decompressed) bytes of one write, at most, as the service documents it. */
export const MAX_RAW_BODY = 10 * 1024 * 1024

/** A body as it came, and what its headers say of it. */
export interface WireBody {
  compression: CompressionName
  data: Buffer
  /** Bytes before compression, as declared. */
  rawSize: number
}

/** The body as it was before compression; see `wireBody`. */
export async function rawBody(request: EmulatorRequest, strict: boolean): Promise<Buffer> {
  const { compression, data, rawSize } = wireBody(request, strict)
  return compression === 'none' ? data : uncompress(compression, data, rawSize)
}

/**
 * The body with its declared compression and size. A compressed body must say its raw size; without compression the
 * header counts only under `strict`, as the SDKs send anything in it.
 */
export function wireBody(request: EmulatorRequest, strict: boolean): WireBody {
  const type = request.header('x-log-compresstype')
  const declared = rawSizeHeader(request)
  if (type === undefined) {
    if (strict && declared !== undefined && declared !== 0 && declared !== request.body.length) {
      throw invalidRawSize(`${declared}: the body has ${request.body.length} bytes`)
    }
    return within({ compression: 'none', data: request.body, rawSize: request.body.length })
  }
  const compression = compressionOf(type)
  if (declared === undefined) {
    throw new ServiceError(
      400,
      'MissingBodyRawSize',
      'x-log-bodyrawsize does not exist in http header although x-log-compresstype does'
    )
  }
  return within({ compression, data: request.body, rawSize: declared })
}

/** Undoes a compression; 400 `PostBodyUncompressError` unless the result has exactly `rawSize` bytes. */
export async function uncompress(
  compression: CompressionName,
  data: Buffer,
  rawSize: number
): Promise<Buffer> {
  if (rawSize > MAX_RAW_BODY) throw tooLarge(rawSize)
  try {
    return await decompress(compression, data, rawSize, MAX_RAW_BODY)
  } catch (error) {
    throw uncompressError(error instanceof Error ? error.message : String(error))
  }
}

export function uncompressError(reason: string): ServiceError {
  return new ServiceError(400, 'PostBodyUncompressError', `post body is failed to be uncompressed: ${reason}`)
}

export function compressionOf(type: string): CompressionName {
  const compression = supportedCompressions().find((name) => name === type && name !== 'none')
  if (compression === undefined) {
    throw new ServiceError(400, 'InvalidCompressType', `x-log-compresstype ${type} is not supported`)
  }
  return compression
}

function rawSizeHeader(request: EmulatorRequest): number | undefined {
  const text = request.header('x-log-bodyrawsize')
  if (text === undefined) return undefined
  if (!/^\d{1,12}$/.test(text)) throw invalidRawSize(text)
  return Number(text)
}

function invalidRawSize(what: string): ServiceError {
  return new ServiceError(400, 'InvalidBodyRawSize', `x-log-bodyrawsize is invalid: ${what}`)
}

function within(body: WireBody): WireBody {
  if (body.rawSize > MAX_RAW_BODY) throw tooLarge(body.rawSize)
  return body
}

function tooLarge(size: number): ServiceError {
  return new ServiceError(400, 'PostBodyTooLarge', `body size ${size} must be no more than ${MAX_RAW_BODY}`)
}
