import { createHash, createHmac } from 'node:crypto'
import type { Credentials } from './access-key'
import { ascending, type SignableRequest, sortedQuery } from './signable-request'

/**
 * The text that signature version 1 signs, as the service documents it: method, Content-MD5, Content-Type, Date,
 * the `x-log-` and `x-acs-` headers but `x-log-date` in ascending order, values trimmed, and the path with the
 * decoded query in ascending order of its names.
 */
export function stringToSignV1(request: SignableRequest): string {
  const { headers } = request
  let text = `${request.method}\n${headers['content-md5'] ?? ''}\n${headers['content-type'] ?? ''}\n${headers['date'] ?? ''}\n`
  const names: string[] = []
  for (const name in headers) {
    if ((name.startsWith('x-log-') || name.startsWith('x-acs-')) && name !== 'x-log-date') names.push(name)
  }
  for (const name of names.sort(ascending)) text += `${name}:${(headers[name] ?? '').trim()}\n`
  text += request.path
  let separator = '?'
  for (const [name, value] of sortedQuery(request.query)) {
    text += `${separator}${name}=${value}`
    separator = '&'
  }
  return text
}

/**
 * Adds the headers of signature version 1 (HMAC-SHA1): Date, Content-MD5 where there is a body, the signature
 * method, the security token where there is one, Authorization.
 * @param time Unix milliseconds.
 */
export function signV1(request: SignableRequest, credentials: Credentials, time: number): void {
  const { headers } = request
  headers['date'] = new Date(time).toUTCString()
  headers['x-log-signaturemethod'] = 'hmac-sha1'
  if (credentials.securityToken !== undefined) headers['x-acs-security-token'] = credentials.securityToken
  if (request.body !== undefined) {
    headers['content-md5'] = createHash('md5').update(request.body).digest('hex').toUpperCase()
  }
  const signature = createHmac('sha1', credentials.accessKeySecret)
    .update(stringToSignV1(request))
    .digest('base64')
  headers['authorization'] = `LOG ${credentials.accessKeyId}:${signature}`
}
