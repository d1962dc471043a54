import { isIP } from 'node:net'
import type { SlsError } from './errors'
import { checkNames, invalid, type OptionNames, optionalText } from './option-checks'

export interface ProxyOptions {
  /** `http://` or `https://`; may name user and password. */
  url: string
  username?: string | undefined
  password?: string | undefined
  /**
   * Hosts that are reached without the proxy, each with a port where that alone is meant: a name covers its
   * subdomains, `*` covers all.
   */
  noProxy?: readonly string[] | undefined
}

const proxyOptions: OptionNames<ProxyOptions> = { url: true, username: true, password: true, noProxy: true }

export interface ProxyServer {
  readonly secure: boolean
  readonly host: string
  readonly port: number
  /** Value of Proxy-Authorization; undefined where no user is named. */
  readonly authorization: string | undefined
}

/**
 * The proxy that stands before a host and port; undefined where there is none.
 * @throws SlsError `InvalidOption` (field `proxy`); never with the password in it.
 */
export function checkedProxy(
  proxy: ProxyOptions | null | undefined,
  host: string,
  port: number
): ProxyServer | undefined {
  if (proxy === undefined || proxy === null) return undefined
  checkNames(proxy, proxyOptions, 'proxy')
  const url = parse(proxy.url)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw invalidProxy('proxy.url has a scheme other than http or https')
  }
  if (checkedPatterns(proxy.noProxy).some((pattern) => covers(pattern, host, port))) return undefined
  const secure = url.protocol === 'https:'
  return {
    secure,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    authorization: authorization(proxy, url)
  }
}

function authorization(proxy: ProxyOptions, url: URL): string | undefined {
  const username = optionalText('proxy.username', proxy.username) ?? decoded(url.username)
  const password = optionalText('proxy.password', proxy.password) ?? decoded(url.password)
  if (username === '' && password === '') return undefined
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

function checkedPatterns(patterns: unknown): readonly string[] {
  if (patterns === undefined || patterns === null) return []
  if (Array.isArray(patterns) && patterns.every((pattern) => typeof pattern === 'string')) return patterns
  throw invalid('proxy.noProxy', 'proxy.noProxy must be an array of hosts')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function covers(pattern: string, host: string, port: number): boolean {
  const text = pattern.trim().toLowerCase()
  const parts = isIP(text) === 6 ? undefined : /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(text)
  const [, named = text, only] = parts ?? []
  if (only !== undefined && Number(only) !== port) return false
  const name = named.replace(/^\[|\]$/g, '').replace(/^\*?\./, '')
  if (name === '') return false
  if (name === '*') return true
  return host === name || (isIP(host) === 0 && host.endsWith(`.${name}`))
}

function parse(url: unknown): URL {
  if (typeof url === 'string' && URL.canParse(url)) return new URL(url)
  throw invalidProxy('proxy.url is not a URL such as http://gateway.example:3128')
}

function invalidProxy(message: string): SlsError {
  return invalid('proxy', message)
}
