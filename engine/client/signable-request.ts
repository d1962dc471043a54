export type QueryParameter = readonly [name: string, value: string]

/** What a signature is made over; the signers add their headers to `headers`. */
export interface SignableRequest {
  readonly method: string
  /** As it goes over the wire, without query. */
  readonly path: string
  /** Decoded names and values; names are unique. */
  readonly query: readonly QueryParameter[]
  /** Names in lower case. */
  readonly headers: Record<string, string | undefined>
  /** As it goes over the wire, after compression. */
  readonly body: Buffer | undefined
}

/** The parameters in ascending order of their names, as both signature versions want them. */
export function sortedQuery(query: readonly QueryParameter[]): readonly QueryParameter[] {
  if (query.length < 2) return query
  return [...query].sort(([a], [b]) => ascending(a, b))
}

/** Orders texts by their code units, as signatures order names. */
export function ascending(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** RFC 3986: all but `A-Z a-z 0-9 - _ . ~` becomes `%XX` of its UTF-8; half a character becomes U+FFFD. */
export function percentEncode(text: string): string {
  if (/^[\w.~-]*$/.test(text)) return text
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd')).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  )
}

/** The path and query as they go over the wire. */
export function requestTarget(path: string, query: readonly QueryParameter[]): string {
  let target = path
  let separator = '?'
  for (const [name, value] of query) {
    target += `${separator}${percentEncode(name)}=${percentEncode(value)}`
    separator = '&'
  }
  return target
}
