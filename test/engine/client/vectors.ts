import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { SignableRequest } from '../../../engine/client/signable-request'

export interface SignatureCase {
  id: string
  version?: 'v1' | 'v4'
  input: {
    method: string
    path: string
    query: Record<string, string>
    headers: Record<string, string>
    bodyHex: string
    accessKeyId: string
    accessKeySecret: string
    securityToken: string | null
    date: string
    region: string
    dateTime: string
  }
  expected: {
    authorization: string
    signature: string
    stringToSign: string
    canonicalRequest: string
    addedHeaders: Record<string, string>
  }
  results: Record<string, string>
}

export function readVectors<T>(file: string): T {
  return JSON.parse(readFileSync(path.resolve('test/fixtures/vectors', file), 'utf8')) as T
}

export function signatureCases(file: string): SignatureCase[] {
  return readVectors<{ cases: SignatureCase[] }>(file).cases
}

/** The vector's request as it goes over the wire: header names in lower case, no body where it is empty. */
export function signable({ input }: SignatureCase): SignableRequest {
  const body = Buffer.from(input.bodyHex, 'hex')
  return {
    method: input.method,
    path: input.path,
    query: Object.entries(input.query),
    headers: Object.fromEntries(
      Object.entries(input.headers).map(([name, value]) => [name.toLowerCase(), value])
    ),
    body: body.length === 0 ? undefined : body
  }
}

export function vectorCredentials({ input }: SignatureCase) {
  return {
    accessKeyId: input.accessKeyId,
    accessKeySecret: input.accessKeySecret,
    securityToken: input.securityToken ?? undefined
  }
}

/** Unix milliseconds of `YYYYMMDDTHHMMSSZ`. */
export function timeOf(dateTime: string): number {
  return Date.parse(dateTime.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
}
