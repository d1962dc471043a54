import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import { SlsError } from './errors'
import { checkSpelling, type OptionNames, optionalText } from './option-checks'

export interface TlsOptions extends SecureContextOptions {
  rejectUnauthorized?: boolean | undefined
  servername?: string | undefined
}

const tlsOptions: OptionNames<TlsOptions> = {
  rejectUnauthorized: true,
  servername: true,
  ALPNCallback: true,
  allowPartialTrustChain: true,
  ca: true,
  cert: true,
  sigalgs: true,
  ciphers: true,
  clientCertEngine: true,
  crl: true,
  dhparam: true,
  ecdhCurve: true,
  honorCipherOrder: true,
  key: true,
  privateKeyEngine: true,
  privateKeyIdentifier: true,
  maxVersion: true,
  minVersion: true,
  passphrase: true,
  pfx: true,
  secureOptions: true,
  secureProtocol: true,
  sessionIdContext: true,
  ticketKeys: true,
  sessionTimeout: true
}

/** @throws SlsError `InvalidOption` (field `tls`, or the option in it that there is not) */
export function secureContext(tls: TlsOptions): SecureContext {
  checkSpelling(tls, tlsOptions, 'tls')
  optionalText('tls.passphrase', tls.passphrase)
  const { rejectUnauthorized: _1, servername: _2, ...context } = tls
  try {
    return createSecureContext(context)
  } catch (cause) {
    throw new SlsError('InvalidOption', 'tls: the certificate, key or passphrase cannot be used', {
      field: 'tls',
      cause
    })
  }
}
