import { isIP } from 'node:net'
import { SlsError } from './errors'

/** Where the service is, read from the `endpoint` option. */
export interface Endpoint {
  /** `http(s)://host[:port]`, the port only where it is not the scheme's own. */
  readonly url: string
  readonly secure: boolean
  /** Host name, lower case, or address (IPv6 without brackets). */
  readonly host: string
  readonly port: number
  /** `host[:port]` as a Host header has it. */
  readonly authority: string
  /**
   * True for an address, `localhost` or a name without a dot: no DNS name can stand before such a host, so the
   * connection goes to the host itself and only the Host header names the project.
   */
  readonly direct: boolean
}

const expected =
  'expected a host such as cn-hangzhou.log.aliyuncs.com, or a URL such as http://127.0.0.1:9000'

function invalid(what: string): SlsError {
  return new SlsError('InvalidOption', `endpoint ${what}: ${expected}`, { field: 'endpoint' })
}

/**
 * Reads the `endpoint` option; without a scheme it is https.
 * @throws SlsError `InvalidOption` naming what is wrong.
 */
export function parseEndpoint(option: unknown): Endpoint {
  if (option === undefined || option === null || option === '') throw invalid('is missing')
  if (typeof option !== 'string') throw invalid('is not a text')
  const text = option.trim()
  if (text === '') throw invalid('is missing')
  const url = parse(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw invalid('has a scheme other than http or https')
  if (url.username !== '' || url.password !== '') throw invalid('holds a user name or password')
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    throw invalid('holds more than a host and a port')
  const secure = url.protocol === 'https:'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (host === '' || /[^a-z0-9.:_-]/.test(host) || /^[.-]|\.\./.test(host)) throw invalid('has no valid host')
  return {
    url: `${url.protocol}//${url.host}`,
    secure,
    host,
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    authority: url.host,
    direct: isIP(host) !== 0 || !host.includes('.') || host.endsWith('.localhost')
  }
}

function parse(text: string): URL {
  try {
    return new URL(text.includes('://') ? text : `https://${text}`)
  } catch {
    throw invalid('is not a host or URL')
  }
}

/**
 * The region that an endpoint names, as the Java SDK finds it: `<region>.log.aliyuncs.com` or
 * `<region>.sls.aliyuncs.com`, less one of the endings `-intranet`, `-share`, `-vpc`; undefined for every other host.
 */
export function regionOfEndpoint(endpoint: Endpoint): string | undefined {
  return regionalHost.exec(endpoint.host)?.[1]?.replace(/-(?:intranet|share|vpc)$/, '')
}

const regionalHost = /^([a-z0-9-]+)\.(?:log|sls)\.aliyuncs\.com$/

/** True for the service's own hosts, of a region or global; false for every name that somebody else gave it. */
export function isServiceHost(host: string): boolean {
  return regionalHost.test(host) || host === 'log-global.aliyuncs.com'
}

/** The host that a project's calls connect to. */
export function connectionHost(endpoint: Endpoint, project: string): string {
  return endpoint.direct ? endpoint.host : `${project.toLowerCase()}.${endpoint.host}`
}

/** What TLS names as the server and checks its certificate against: a host name; empty for an address. */
export function serverName(host: string): string {
  return isIP(host) === 0 ? host : ''
}

/** The Host header of a project's calls: `<project>.<endpoint>`. */
export function projectAuthority(endpoint: Endpoint, project: string): string {
  return `${project}.${endpoint.authority}`
}
