import type { EmulatorRequest } from '../http/request'
import { wireText } from '../http/target'
import { compareText } from '../text-order'

export type HeaderPair = readonly [name: string, value: string]

/** Headers a signature covers, ascending by name, with their values as the client wrote them (trimmed, UTF-8). */
export function signedHeaders(request: EmulatorRequest, covers: (name: string) => boolean): HeaderPair[] {
  const pairs: HeaderPair[] = []
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || !covers(name)) continue
    pairs.push([name, wireText(Array.isArray(value) ? value.join(',') : value).trim()])
  }
  return pairs.sort(([a], [b]) => compareText(a, b))
}

export function isServiceHeader(name: string): boolean {
  return name.startsWith('x-log-') || name.startsWith('x-acs-')
}

/** Object metadata, which some SDKs sign and others do not: both are accepted. */
export function isMetaHeader(name: string): boolean {
  return name.startsWith('x-log-meta-')
}
