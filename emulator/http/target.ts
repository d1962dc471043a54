import { parameterInvalid } from '../service-error'

/** Decoded query parameters in the order of the wire. */
export type QueryPairs = readonly (readonly [name: string, value: string])[]

/** What a request line and the Host header say, before any project is looked up. */
export interface Target {
  /** Host the request is meant for, without port, lower case; of the absolute form when there is one. */
  readonly host: string
  /** As sent, not decoded: what signatures cover. */
  readonly path: string
  /** Decoded parts of the path, none empty. */
  readonly segments: readonly string[]
  readonly pairs: QueryPairs
}

const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)(.*)$/i

/** Reads the origin form (`/path?query`) and the absolute form that clients send through a proxy setting. */
export function parseTarget(rawTarget: string, hostHeader: string | undefined): Target {
  const text = wireText(rawTarget)
  const absolute = ABSOLUTE_FORM.exec(text)
  const authority = absolute?.[1] ?? hostHeader ?? ''
  const local = absolute === null ? text : (absolute[2] ?? '')
  const mark = local.indexOf('?')
  const rawPath = mark < 0 ? local : local.slice(0, mark)
  const path = rawPath === '' ? '/' : rawPath
  if (!path.startsWith('/')) throw parameterInvalid(`invalid request target ${path}`)
  return {
    host: hostName(authority),
    path,
    segments: path
      .split('/')
      .filter((part) => part !== '')
      .map(decodePathPart),
    pairs: mark < 0 ? [] : parseQuery(local.slice(mark + 1))
  }
}

/** Node hands header and target bytes over as latin1; clients write UTF-8. */
export function wireText(latin1: string): string {
  for (let i = 0; i < latin1.length; i++) {
    if (latin1.charCodeAt(i) > 0x7f) return Buffer.from(latin1, 'latin1').toString('utf8')
  }
  return latin1
}

function hostName(authority: string): string {
  const host = authority.slice(authority.lastIndexOf('@') + 1).toLowerCase()
  if (host.startsWith('[')) return host.slice(1, Math.max(host.indexOf(']'), 1))
  const colon = host.indexOf(':')
  return colon < 0 ? host : host.slice(0, colon)
}

function parseQuery(raw: string): QueryPairs {
  const pairs: [string, string][] = []
  for (const part of raw.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    pairs.push(
      equals < 0
        ? [decodeFormPart(part), '']
        : [decodeFormPart(part.slice(0, equals)), decodeFormPart(part.slice(equals + 1))]
    )
  }
  return pairs
}

function decodeFormPart(part: string): string {
  return decodePathPart(part.includes('+') ? part.replaceAll('+', ' ') : part)
}

function decodePathPart(part: string): string {
  if (!part.includes('%')) return part
  try {
    return decodeURIComponent(part)
  } catch {
    throw parameterInvalid(`invalid percent-encoding in ${part}`)
  }
}
