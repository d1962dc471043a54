import { createHash, createHmac } from 'node:crypto'

export interface Credentials {
  accessKeyId: string
  accessKeySecret: string
  securityToken?: string | undefined
}

/** A request before and after signing; a header that is undefined is neither signed nor sent. */
export interface WireRequest {
  method: string
  path: string
  query: (readonly [name: string, value: string])[]
  headers: Record<string, string | undefined>
  body: Buffer
}

export type Scheme =
  | { version: 'v1'; algorithm?: 'sha1' | 'sha256' }
  | { version: 'v4'; region: string }
  | { version: 'none' }

/** Adds what the scheme asks for; headers that the request names already, even as undefined, stay. `time` in Unix ms. */
export function sign(request: WireRequest, credentials: Credentials, scheme: Scheme, time: number): void {
  if (scheme.version === 'none') return
  if (credentials.securityToken !== undefined) {
    fill(request, 'x-acs-security-token', credentials.securityToken)
  }
  if (scheme.version === 'v1') signV1(request, credentials, scheme.algorithm ?? 'sha1', time)
  else signV4(request, credentials, scheme.region, time)
}

function signV1(request: WireRequest, key: Credentials, algorithm: 'sha1' | 'sha256', time: number): void {
  const { method, path, query, headers, body } = request
  fill(request, 'date', new Date(time).toUTCString())
  fill(request, 'x-log-signaturemethod', `hmac-${algorithm}`)
  if (body.length > 0) fill(request, 'content-md5', digest('md5', body).toUpperCase())
  const lines = signedHeaders(headers, false).map(([name, value]) => `${name}:${value}\n`)
  const resource = [...query].sort(byName).map(([name, value]) => `${name}=${value}`)
  const text = [
    method,
    headers['content-md5'] ?? '',
    headers['content-type'] ?? '',
    headers['x-log-date'] ?? headers['date'] ?? '',
    `${lines.join('')}${path}${resource.length === 0 ? '' : `?${resource.join('&')}`}`
  ].join('\n')
  const signature = createHmac(algorithm, key.accessKeySecret).update(text).digest('base64')
  fill(request, 'authorization', `LOG ${key.accessKeyId}:${signature}`)
}

function signV4(request: WireRequest, key: Credentials, region: string, time: number): void {
  const { method, path, query, headers, body } = request
  fill(request, 'x-log-date', new Date(time).toISOString().replace(/[-:]|\.\d+/g, ''))
  fill(request, 'x-log-content-sha256', digest('sha256', body))
  const date = headers['x-log-date'] ?? ''
  const day = date.slice(0, 8)
  const signed = signedHeaders(headers, true)
  const canonical = [
    method,
    path,
    [...query]
      .sort(byName)
      .map(([name, value]) => (value === '' ? name : `${name}=${percentEncode(value)}`))
      .join('&'),
    signed.map(([name, value]) => `${name}:${value}\n`).join(''),
    signed.map(([name]) => name).join(';'),
    headers['x-log-content-sha256'] ?? ''
  ].join('\n')
  const scope = `${day}/${region}/sls/aliyun_v4_request`
  const text = ['SLS4-HMAC-SHA256', date, scope, digest('sha256', canonical)].join('\n')
  const signingKey = [day, region, 'sls', 'aliyun_v4_request'].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `aliyun_v4${key.accessKeySecret}`
  )
  const signature = createHmac('sha256', signingKey).update(text).digest('hex')
  const credential = `${key.accessKeyId}/${scope}`
  fill(request, 'authorization', `SLS4-HMAC-SHA256 Credential=${credential},Signature=${signature}`)
}

/** RFC 3986: everything but letters, digits and `-_.~`. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`
  )
}

function signedHeaders(headers: WireRequest['headers'], v4: boolean): [name: string, value: string][] {
  const isSigned = (name: string) =>
    /^x-(log|acs)-/.test(name) ? v4 || name !== 'x-log-date' : v4 && /^(host|content-type)$/.test(name)
  return Object.entries(headers)
    .flatMap(([name, value]): [string, string][] =>
      value !== undefined && isSigned(name) ? [[name, value.trim()]] : []
    )
    .sort(byName)
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function digest(algorithm: string, data: Buffer | string): string {
  return createHash(algorithm).update(data).digest('hex')
}

function fill({ headers }: WireRequest, name: string, value: string): void {
  if (!(name in headers)) headers[name] = value
}
