import { SlsError } from './errors'
import { ConnectTimeout } from './http/connect-timeout'
import { NotHttp } from './http/not-http'

/** Failures of certificate checks, by OpenSSL's and Node's names. */
const certificateCode =
  /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT|HOSTNAME_MISMATCH|INVALID_CA)/

/**
 * What a failed connection means.
 * @param peer `host:port` that was connected to.
 */
export function networkError(name: string, error: unknown, peer: string): SlsError {
  if (error instanceof SlsError) return error
  if (error instanceof ConnectTimeout) {
    return new SlsError('ConnectTimeout', `${name}: ${error.message} (${peer})`, {
      retryability: 'transient',
      hint: 'Check the endpoint, the network of this machine, and whether a proxy is needed'
    })
  }
  if (error instanceof NotHttp) return notHttp(`${name}: the answer is not HTTP (${peer}): ${error.message}`)
  const code = codeOf(error)
  const message = `${name}: ${reason(code)} (${peer}${code === '' ? '' : `, ${code}`})`
  // Without Node's error, which holds the bytes that were not HTTP: what was sent, where a peer sends it back.
  if (code.startsWith('HPE_')) return notHttp(message)
  return new SlsError('NetworkError', message, {
    retryability: certificateCode.test(code) ? 'ordinary' : 'transient',
    hint: hint(code),
    cause: error
  })
}

function notHttp(message: string): SlsError {
  return new SlsError('BadResponse', message, {
    retryability: 'transient',
    hint: 'Check that the endpoint and its scheme (http or https) are right'
  })
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : ''
}

function reason(code: string): string {
  if (code.startsWith('HPE_')) return 'the answer is not HTTP'
  if (certificateCode.test(code)) return 'the certificate of the server was not accepted'
  if (isProtocolMismatch(code)) return 'no TLS connection could be made'
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name cannot be resolved'
    case 'ECONNREFUSED':
      return 'the connection was refused'
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the connection was closed before the answer was complete'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return 'the host cannot be reached'
    default:
      return 'the connection failed'
  }
}

function hint(code: string): string | undefined {
  if (certificateCode.test(code))
    return 'Give the certificate authority in the TLS options, or correct the endpoint'
  if (isProtocolMismatch(code))
    return 'Check whether the endpoint speaks https; write http:// before it if not'
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'Check the endpoint, the project and the DNS of this machine'
    case 'ECONNREFUSED':
      return 'Check the endpoint and its port, and that the server is running'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return 'Check the network of this machine, and whether a proxy is needed'
    default:
      return undefined
  }
}

function isProtocolMismatch(code: string): boolean {
  return code === 'EPROTO' || code.startsWith('ERR_SSL_')
}
