import { createHmac } from 'node:crypto'
import type { EmulatorRequest } from '../http/request'
import { wireText } from '../http/target'
import { compareText } from '../text-order'
import { isMetaHeader, isServiceHeader, signedHeaders } from './signed-headers'

export interface SignatureV1 {
  method: 'hmac-sha1' | 'hmac-sha256'
  /** Base64, as sent. */
  signature: string
  secret: string
  strict: boolean
}

/**
 * True where the signature is the one of this request. Unless strict, also where the query is ordered as
 * `@alicloud/log` does it (by the text `k=v`).
 */
export function verifyV1(request: EmulatorRequest, claim: SignatureV1): boolean {
  for (const text of candidateTexts(request, claim.strict)) {
    if (sign(text, claim) === claim.signature) return true
  }
  return false
}

function sign(text: string, { method, secret }: SignatureV1): string {
  return createHmac(method === 'hmac-sha1' ? 'sha1' : 'sha256', secret)
    .update(text, 'utf8')
    .digest('base64')
}

function* candidateTexts(request: EmulatorRequest, strict: boolean): Generator<string> {
  const hasMeta = Object.keys(request.headers).some(isMetaHeader)
  for (const order of strict ? [byKey] : [byKey, byPair]) {
    yield stringToSign(request, order, true)
    if (hasMeta) yield stringToSign(request, order, false)
  }
}

type Pair = readonly [name: string, value: string]
const byKey = (a: Pair, b: Pair) => compareText(a[0], b[0])
const byPair = (a: Pair, b: Pair) => compareText(`${a[0]}=${a[1]}`, `${b[0]}=${b[1]}`)

/** The text a V1 signature covers, rebuilt from the wire. */
export function stringToSign(
  request: EmulatorRequest,
  order: (a: Pair, b: Pair) => number = byKey,
  withMeta = true
): string {
  const headers = signedHeaders(
    request,
    (name) => isServiceHeader(name) && name !== 'x-log-date' && (withMeta || !isMetaHeader(name))
  )
  const { path, pairs } = request.target
  const query = [...pairs]
    .sort(order)
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
  return [
    request.method,
    text(request, 'content-md5'),
    text(request, 'content-type'),
    text(request, 'x-log-date') || text(request, 'date'),
    ...headers.map(([name, value]) => `${name}:${value}`),
    query === '' ? path : `${path}?${query}`
  ].join('\n')
}

function text(request: EmulatorRequest, name: string): string {
  return wireText(request.header(name) ?? '')
}
