import { createHash, createHmac } from 'node:crypto'
import type { Credentials } from './access-key'
import { ascending, percentEncode, type SignableRequest, sortedQuery } from './signable-request'

const emptyBodyDigest = createHash('sha256').digest('hex')

/**
 * The canonical request of signature version 4, as the service documents it: the signed headers are `host`,
 * `content-type` where there is one, and every `x-log-` and `x-acs-` header; query names stand as they are, values
 * are percent-encoded, and an empty value leaves the name alone.
 */
export function canonicalRequestV4(request: SignableRequest): string {
  const { headers } = request
  let text = `${request.method}\n${request.path}\n`
  let separator = ''
  for (const [name, value] of sortedQuery(request.query)) {
    text += value === '' ? `${separator}${name}` : `${separator}${name}=${percentEncode(value)}`
    separator = '&'
  }
  text += '\n'
  const names: string[] = []
  for (const name in headers) {
    if (
      name.startsWith('x-log-') ||
      name.startsWith('x-acs-') ||
      name === 'host' ||
      name === 'content-type'
    ) {
      names.push(name)
    }
  }
  for (const name of names.sort(ascending)) text += `${name}:${(headers[name] ?? '').trim()}\n`
  return `${text}\n${names.join(';')}\n${headers['x-log-content-sha256'] ?? ''}`
}

/** Signs with version 4 (SLS4-HMAC-SHA256) for one region; the signing key is derived once a day and secret. */
export class SignerV4 {
  readonly #region: string
  #day = ''
  #secret = ''
  #key: Buffer | undefined

  constructor(region: string) {
    this.#region = region
  }

  /**
   * Adds the headers of the signature: x-log-date, x-log-content-sha256, the security token where there is one,
   * Authorization.
   * @param time Unix milliseconds.
   */
  sign(request: SignableRequest, credentials: Credentials, time: number): void {
    const { headers, body } = request
    const dateTime = compactDateTime(time)
    const day = dateTime.slice(0, 8)
    headers['x-log-date'] = dateTime
    headers['x-log-content-sha256'] =
      body === undefined ? emptyBodyDigest : createHash('sha256').update(body).digest('hex')
    if (credentials.securityToken !== undefined) headers['x-acs-security-token'] = credentials.securityToken
    const scope = `${day}/${this.#region}/sls/aliyun_v4_request`
    const digest = createHash('sha256').update(canonicalRequestV4(request)).digest('hex')
    const signature = createHmac('sha256', this.#signingKey(credentials.accessKeySecret, day))
      .update(`SLS4-HMAC-SHA256\n${dateTime}\n${scope}\n${digest}`)
      .digest('hex')
    headers['authorization'] =
      `SLS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope},Signature=${signature}`
  }

  #signingKey(secret: string, day: string): Buffer {
    if (this.#key === undefined || this.#day !== day || this.#secret !== secret) {
      let key: Buffer | string = `aliyun_v4${secret}`
      for (const part of [day, this.#region, 'sls', 'aliyun_v4_request']) {
        key = createHmac('sha256', key).update(part).digest()
      }
      this.#key = key as Buffer
      this.#day = day
      this.#secret = secret
    }
    return this.#key
  }
}

/** `YYYYMMDDTHHMMSSZ` in UTC. */
function compactDateTime(time: number): string {
  const iso = new Date(time).toISOString()
  return `${iso.slice(0, 4)}${iso.slice(5, 7)}${iso.slice(8, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`
}
