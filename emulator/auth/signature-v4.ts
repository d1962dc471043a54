import { createHash, createHmac } from 'node:crypto'
import type { EmulatorRequest } from '../http/request'
import { compareText } from '../text-order'
import { isMetaHeader, isServiceHeader, signedHeaders } from './signed-headers'

export interface SignatureV4 {
  /** YYYYMMDD of the credential scope. */
  day: string
  /** Region of the credential scope; the Python SDK may leave it empty. */
  region: string
  /** Lower-case hex, as sent. */
  signature: string
  secret: string
  /** `x-log-content-sha256`, already checked against the body. */
  digest: string
  /** `x-log-date` as sent. */
  dateTime: string
  strict: boolean
}

/**
 * True where the signature is the one of this request. Unless strict, also where the query is encoded as the
 * generated OpenAPI SDK does it (`!`, `'`, `(`, `)` bare, only the first `*` escaped).
 */
export function verifyV4(request: EmulatorRequest, claim: SignatureV4): boolean {
  const hasMeta = Object.keys(request.headers).some(isMetaHeader)
  const encodings = claim.strict ? [encodeRfc3986] : [encodeRfc3986, encodeAsGateway]
  return encodings.some((encode) =>
    (hasMeta ? [true, false] : [true]).some(
      (withMeta) => sign(canonicalRequest(request, claim.digest, encode, withMeta), claim) === claim.signature
    )
  )
}

function sign(canonical: string, { day, region, dateTime, secret }: SignatureV4): string {
  const scope = `${day}/${region}/sls/aliyun_v4_request`
  const text = `SLS4-HMAC-SHA256\n${dateTime}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`
  return hmac(signingKey(secret, day, region), text).toString('hex')
}

function signingKey(secret: string, day: string, region: string): Buffer {
  return [day, region, 'sls', 'aliyun_v4_request'].reduce<Buffer>(
    (key, part) => hmac(key, part),
    Buffer.from(`aliyun_v4${secret}`)
  )
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest()
}

/** The text whose hash a V4 signature covers, rebuilt from the wire. */
export function canonicalRequest(
  request: EmulatorRequest,
  digest: string,
  encode: (value: string) => string = encodeRfc3986,
  withMeta = true
): string {
  const headers = signedHeaders(
    request,
    (name) =>
      name === 'host' ||
      name === 'content-type' ||
      (isServiceHeader(name) && (withMeta || !isMetaHeader(name)))
  )
  const query = [...request.target.pairs]
    .sort(([a], [b]) => compareText(a, b))
    .map(([name, value]) => (value === '' ? name : `${name}=${encode(value)}`))
    .join('&')
  return [
    request.method,
    request.target.path,
    query,
    ...headers.map(([name, value]) => `${name}:${value}`),
    '',
    headers.map(([name]) => name).join(';'),
    digest
  ].join('\n')
}

function encodeRfc3986(value: string): string {
  return encodeURIComponent(value).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`
  )
}

function encodeAsGateway(value: string): string {
  return encodeURIComponent(value).replace('*', '%2A')
}
