import { createHash } from 'node:crypto'
import type { EmulatorRequest } from '../http/request'
import { parameterInvalid, ServiceError } from '../service-error'
import { checkClock, requestTimeV1, requestTimeV4 } from './clock'
import { verifyV1 } from './signature-v1'
import { verifyV4 } from './signature-v4'

export interface AccessKey {
  accessKeyId: string
  accessKeySecret: string
  /** STS token that must come with the key; undefined: any token is taken, as long as it is signed. */
  securityToken?: string | undefined
}

/** What a call must prove itself against. */
export interface AuthRules extends AccessKey {
  /** Server clock, Unix milliseconds. */
  now: number
  /** Only what the service documents: no leniency towards deviating SDKs. */
  strict: boolean
}

const API_VERSIONS = new Set(['0.4.0', '0.6.0'])

/** Refuses a call whose key, clock, digest or signature is wrong, with the service's code. */
export function authenticate(request: EmulatorRequest, rules: AuthRules): void {
  const authorization = request.header('authorization')
  if (authorization === undefined)
    throw parameterInvalid('authorization pair is invalid: no Authorization header')
  checkApiVersion(request)
  if (authorization.startsWith('LOG ')) authenticateV1(request, authorization.slice('LOG '.length), rules)
  else if (authorization.startsWith('SLS4-HMAC-SHA256 ')) {
    authenticateV4(request, authorization.slice('SLS4-HMAC-SHA256 '.length), rules)
  } else throw parameterInvalid('authorization pair is invalid: unknown scheme')
}

function checkApiVersion(request: EmulatorRequest): void {
  const version = request.header('x-log-apiversion')
  if (version === undefined) {
    throw new ServiceError(400, 'MissingAPIVersion', 'x-log-apiversion does not exist in http header')
  }
  if (!API_VERSIONS.has(version)) {
    throw new ServiceError(400, 'InvalidAPIVersion', `x-log-apiversion ${version} is not supported`)
  }
}

function authenticateV1(request: EmulatorRequest, credential: string, rules: AuthRules): void {
  const colon = credential.indexOf(':')
  const signature = credential.slice(colon + 1)
  if (colon < 1 || signature === '') throw parameterInvalid('authorization pair is invalid')
  const method = request.header('x-log-signaturemethod')
  if (method === undefined) {
    throw new ServiceError(
      400,
      'MissingSignatureMethod',
      'x-log-signaturemethod does not exist in http header'
    )
  }
  if (method !== 'hmac-sha1' && method !== 'hmac-sha256') {
    throw new ServiceError(400, 'InvalidSignatureMethod', `signature method ${method} is not supported`)
  }
  checkKey(request, credential.slice(0, colon), rules)
  checkClock(requestTimeV1(request), rules.now)
  checkContentMd5(request, rules.strict)
  if (!verifyV1(request, { method, signature, secret: rules.accessKeySecret, strict: rules.strict })) {
    throw signatureNotMatch(signature)
  }
}

const V4_CREDENTIAL =
  /^Credential=([^/,\s]+)\/(\d{8})\/([^/,]*)\/sls\/aliyun_v4_request,\s*Signature=([0-9a-f]{64})$/

function authenticateV4(request: EmulatorRequest, credential: string, rules: AuthRules): void {
  const parts = V4_CREDENTIAL.exec(credential)
  if (parts === null) throw parameterInvalid('authorization pair is invalid')
  const [, accessKeyId = '', day = '', region = '', signature = ''] = parts
  checkKey(request, accessKeyId, rules)
  const { text, time } = requestTimeV4(request)
  checkClock(time, rules.now)
  const digest = checkContentSha256(request)
  const scope = {
    day,
    region,
    signature,
    secret: rules.accessKeySecret,
    digest,
    dateTime: text,
    strict: rules.strict
  }
  if (!text.startsWith(day) || !verifyV4(request, scope)) throw signatureNotMatch(signature)
}

function checkKey(request: EmulatorRequest, accessKeyId: string, rules: AuthRules): void {
  if (accessKeyId !== rules.accessKeyId) {
    throw new ServiceError(401, 'Unauthorized', `The AccessKeyId is unauthorized : ${accessKeyId}`)
  }
  const token = request.header('x-acs-security-token')
  if (rules.securityToken !== undefined && token !== rules.securityToken) {
    throw new ServiceError(401, 'Unauthorized', 'The security token you provided is invalid or has expired')
  }
}

function checkContentMd5(request: EmulatorRequest, strict: boolean): void {
  const sent = request.header('content-md5')
  if (sent === undefined) {
    if (strict && request.body.length > 0) throw parameterInvalid('Content-MD5 does not exist in http header')
    return
  }
  const actual = createHash('md5').update(request.body).digest('hex').toUpperCase()
  if ((strict ? sent : sent.toUpperCase()) !== actual) {
    throw parameterInvalid(`Content-MD5 ${sent} does not match the body, whose MD5 is ${actual}`)
  }
}

function checkContentSha256(request: EmulatorRequest): string {
  const sent = request.header('x-log-content-sha256')
  if (sent === undefined) throw parameterInvalid('x-log-content-sha256 does not exist in http header')
  const actual = createHash('sha256').update(request.body).digest('hex')
  if (sent !== actual) {
    throw parameterInvalid(`x-log-content-sha256 ${sent} does not match the body, whose SHA-256 is ${actual}`)
  }
  return sent
}

function signatureNotMatch(signature: string): ServiceError {
  return new ServiceError(401, 'SignatureNotMatch', `signature ${signature} not match`)
}
