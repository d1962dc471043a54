import { isIP } from 'node:net'

const SERVICE_ENDPOINT = /^(?:[a-z0-9-]+\.(?:log|sls)|log-global)\.aliyuncs\.com$/

/**
 * The project that a host names by its first label; undefined for a bare endpoint: an address, a single label,
 * one of the service's own endpoints, or one of `ownNames`.
 */
export function projectOfHost(host: string, ownNames: ReadonlySet<string>): string | undefined {
  if (isIP(host) !== 0 || ownNames.has(host) || SERVICE_ENDPOINT.test(host)) return undefined
  const dot = host.indexOf('.')
  return dot <= 0 ? undefined : host.slice(0, dot)
}
