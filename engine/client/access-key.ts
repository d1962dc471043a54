import { SlsError } from './errors'

export interface Credentials {
  accessKeyId: string
  accessKeySecret: string
  /** Of a temporary (STS) credential. */
  securityToken?: string | undefined
}

export interface CredentialsProvider {
  /** Asked at each request, so a provider keeps what it got until that needs renewal. */
  getCredentials(): Promise<Credentials>
  /** Told that the service refused these credentials (HTTP 401), so that the next request gets fresh ones. */
  refused?(credentials: Credentials): void
}

/** Visible ASCII: what a header value may hold and a key or token consists of. */
const token = /^[\x21-\x7e]+$/

/**
 * The credentials with what is missing or cannot go into a header pointed out.
 * @throws SlsError `InvalidOption` naming the field; never with the value in it.
 */
export function checkedCredentials(credentials: Partial<Record<keyof Credentials, unknown>>): Credentials {
  const { accessKeyId, accessKeySecret, securityToken } = credentials
  return {
    accessKeyId: checkedKey('accessKeyId', accessKeyId),
    accessKeySecret: checkedKey('accessKeySecret', accessKeySecret),
    securityToken:
      securityToken === undefined || securityToken === null || securityToken === ''
        ? undefined
        : checkedKey('securityToken', securityToken)
  }
}

/** @throws SlsError `InvalidOption` where the value is missing or holds a character that no key has. */
export function checkedKey(field: string, value: unknown): string {
  if (value === undefined || value === null || value === '') {
    throw new SlsError('InvalidOption', `${field} is missing`, { field })
  }
  if (typeof value !== 'string' || !token.test(value)) {
    throw new SlsError('InvalidOption', `${field} holds spaces or characters that no key has`, {
      field,
      hint: 'Copy it again, without spaces or line breaks around it'
    })
  }
  return value
}

/** Credentials that never change. */
export function fixedCredentials(credentials: Credentials): CredentialsProvider {
  const checked = Promise.resolve(checkedCredentials(credentials))
  return { getCredentials: () => checked }
}
