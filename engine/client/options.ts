import type { SecureContext } from 'node:tls'
import { type Credentials, type CredentialsProvider, fixedCredentials } from './access-key'
import { connectionHost, type Endpoint, isServiceHost, parseEndpoint, regionOfEndpoint } from './endpoint'
import {
  callable,
  checkedObject,
  checkNames,
  checkSpelling,
  invalid,
  longestTimer,
  type OptionNames,
  optionalText,
  truth,
  whole
} from './option-checks'
import { checkedProxy, type ProxyOptions, type ProxyServer } from './proxy-server'
import { checkRetryPolicy, type RetryPolicy } from './retry'
import { secureContext, type TlsOptions } from './tls-options'
import { defaultUserAgent } from './user-agent'

export type { ProxyOptions } from './proxy-server'
export type { TlsOptions } from './tls-options'

export interface ClientOptions {
  /** Host, or URL; without a scheme https. */
  endpoint: string
  project: string
  /** Derived from the endpoint where empty. */
  region?: string | undefined
  /** `auto` (the default) is v4 where the region is known, else v1. */
  signatureVersion?: 'auto' | 'v1' | 'v4' | undefined
  credentials: Credentials | CredentialsProvider
  /** Milliseconds, 10000 where not given. */
  connectTimeout?: number | undefined
  /** Milliseconds for a whole call, 60000 where not given. */
  requestTimeout?: number | undefined
  userAgent?: string | undefined
  proxy?: ProxyOptions | undefined
  tls?: TlsOptions | undefined
  /** Connections at a time, 64 where not given; further calls wait. */
  maxSockets?: number | undefined
  retry?: Partial<RetryPolicy> | undefined
  /** Unix milliseconds; the machine's clock where not given. */
  clock?: (() => number) | undefined
  /**
   * Told when the service's clock is found a minute or more ahead (or, negative, behind) of this machine's: from then
   * on calls are signed with its time. Milliseconds; told again when the difference changes, or is gone.
   */
  onClockSkew?: ((offset: number) => void) | undefined
}

/** Client options, checked and complete. */
export interface CheckedOptions {
  readonly endpoint: Endpoint
  readonly project: string
  readonly region: string | undefined
  readonly signatureVersion: 'v1' | 'v4'
  readonly credentials: CredentialsProvider
  readonly connectTimeout: number
  readonly requestTimeout: number
  readonly userAgent: string
  readonly proxy: ProxyServer | undefined
  readonly secureContext: SecureContext | undefined
  readonly rejectUnauthorized: boolean
  readonly servername: string | undefined
  readonly maxSockets: number
  readonly retry: RetryPolicy
  readonly clock: () => number
  readonly onClockSkew: (offset: number) => void
}

const clientOptions: OptionNames<ClientOptions> = {
  endpoint: true,
  project: true,
  region: true,
  signatureVersion: true,
  credentials: true,
  connectTimeout: true,
  requestTimeout: true,
  userAgent: true,
  proxy: true,
  tls: true,
  maxSockets: true,
  retry: true,
  clock: true,
  onClockSkew: true
}

const credentialOptions: OptionNames<Credentials> = {
  accessKeyId: true,
  accessKeySecret: true,
  securityToken: true
}

/**
 * @throws SlsError `InvalidOption`; its `field` names the option, its message what was expected.
 */
export function checkOptions(options: ClientOptions): CheckedOptions {
  checkNames(options, clientOptions)
  const endpoint = parseEndpoint(options.endpoint)
  const project = checkedProject(options.project, endpoint)
  const region = checkedRegion(options.region) ?? regionOfEndpoint(endpoint)
  const { tls } = options
  return {
    endpoint,
    project,
    region,
    signatureVersion: checkedSignatureVersion(options.signatureVersion, region),
    credentials: checkedProvider(options.credentials),
    connectTimeout: whole('connectTimeout', options.connectTimeout ?? 10_000, 1, longestTimer),
    requestTimeout: whole('requestTimeout', options.requestTimeout ?? 60_000, 1, longestTimer),
    userAgent: checkedUserAgent(options.userAgent),
    proxy: checkedProxy(options.proxy, connectionHost(endpoint, project), endpoint.port),
    secureContext: tls === undefined || tls === null ? undefined : secureContext(tls),
    rejectUnauthorized: truth('tls.rejectUnauthorized', tls?.rejectUnauthorized ?? true),
    servername: optionalText('tls.servername', tls?.servername) || undefined,
    maxSockets: whole('maxSockets', options.maxSockets ?? 64, 1, 65_535),
    retry: checkRetryPolicy(options.retry),
    clock: callable('clock', options.clock ?? Date.now),
    onClockSkew: callable('onClockSkew', options.onClockSkew ?? (() => undefined))
  }
}

function checkedProject(project: unknown, endpoint: Endpoint): string {
  const expected = 'expected a name of lower-case letters, digits and hyphens, such as my-project'
  if (project === undefined || project === null || project === '') {
    throw invalid('project', `project is missing: ${expected}`)
  }
  if (typeof project !== 'string' || !/^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,126}[A-Za-z0-9])?$/.test(project)) {
    throw invalid('project', `project is not a project name: ${expected}`)
  }
  const rest = endpoint.host.slice(project.length + 1)
  if (endpoint.host.startsWith(`${project.toLowerCase()}.`) && isServiceHost(rest)) {
    throw invalid('endpoint', `endpoint must not begin with the project: expected ${rest}`)
  }
  return project
}

function checkedRegion(region: unknown): string | undefined {
  if (region === undefined || region === null || region === '') return undefined
  if (typeof region !== 'string' || !/^[a-z0-9-]+$/.test(region)) {
    throw invalid('region', 'region is not a region id: expected one such as cn-hangzhou')
  }
  return region
}

function checkedSignatureVersion(version: unknown, region: string | undefined): 'v1' | 'v4' {
  switch (version ?? 'auto') {
    case 'auto':
      return region === undefined ? 'v1' : 'v4'
    case 'v1':
      return region?.includes('-acdr-ut-') ? 'v4' : 'v1' // such regions take v4 alone, as the Java SDK has it
    case 'v4':
      if (region === undefined) {
        throw invalid(
          'region',
          'region is missing: signature version v4 needs it, and the endpoint does not name it'
        )
      }
      return 'v4'
    default:
      throw invalid('signatureVersion', 'signatureVersion must be auto, v1 or v4')
  }
}

function checkedProvider(credentials: unknown): CredentialsProvider {
  if (typeof credentials !== 'object' || credentials === null) {
    throw invalid('credentials', 'credentials are missing: expected an access key or a credentials provider')
  }
  checkedObject('credentials', credentials)
  if (isProvider(credentials)) return credentials
  checkSpelling(credentials, credentialOptions, 'credentials')
  return fixedCredentials(credentials as Credentials)
}

function isProvider(credentials: object): credentials is CredentialsProvider {
  return 'getCredentials' in credentials && typeof credentials.getCredentials === 'function'
}

function checkedUserAgent(userAgent: unknown): string {
  if (userAgent === undefined || userAgent === null || userAgent === '') return defaultUserAgent()
  if (typeof userAgent !== 'string' || !/^[\x20-\x7e]+$/.test(userAgent)) {
    throw invalid('userAgent', 'userAgent must consist of printable ASCII characters')
  }
  return userAgent.trim()
}
