import type { Reply } from './reply'
import type { Credentials, Scheme, WireRequest } from './signature'

export type QueryValue = string | number | boolean

export interface CallRequest {
  method?: string
  path: string
  query?: Readonly<Record<string, QueryValue>>
  /** Lower-case names; undefined leaves out a header that would be there otherwise. */
  headers?: Readonly<Record<string, string | undefined>>
  body?: Buffer
  /** Sent as JSON in place of `body`. */
  json?: unknown
  /** Another project than the target's; null for a call on the account. */
  project?: string | null
  scheme?: Scheme
  credentials?: Credentials
  /** Milliseconds that the signer's clock is off. */
  clockError?: number
  /** Changes the request after it was signed. */
  inTransit?: (request: WireRequest) => void
  /** The body's length is not told. */
  chunked?: boolean
}

export type Call = (request: CallRequest) => Promise<Reply>

/** Unix seconds. */
export function now(): number {
  return Math.floor(Date.now() / 1000)
}
