import type { SecureContext } from 'node:tls'

/** How TLS is spoken to one server. */
export interface Security {
  /** The name that the certificate is checked against; empty for the address that is connected to. */
  readonly servername: string
  readonly secureContext: SecureContext | undefined
  readonly rejectUnauthorized: boolean
  /** What the next connection begins with, so that its handshake is a short one. */
  session?: Buffer | undefined
}
