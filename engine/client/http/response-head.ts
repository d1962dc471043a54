import { NotHttp } from './not-http'

/** Headers of an answer, names in lower case. One that came more than once has its values joined by commas. */
export type ResponseHeaders = Readonly<Record<string, string | undefined>>

export interface ResponseHead {
  readonly status: number
  readonly headers: ResponseHeaders
  /** How the end of the body is found: after so many bytes, by its chunks, or where the connection ends. */
  readonly body: number | 'chunked' | 'until close'
  /** True where the peer lets the connection serve another request. */
  readonly isPersistent: boolean
}

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/
const headerLine = /^([\w!#$%&'*+.^`|~-]+):([\t\x20-\x7e\x80-\xff]*)$/
/** Of these a second one tells nothing that could be added to the first. */
const single = new Set(['content-type', 'date', 'retry-after', 'server'])

/**
 * Reads status line and headers (RFC 9112).
 * @param text without the empty line that ends them.
 * @throws NotHttp
 */
export function readResponseHead(text: string): ResponseHead {
  const [first = '', ...lines] = text.split('\r\n')
  const parts = statusLine.exec(first)
  if (parts === null) throw new NotHttp('the status line cannot be read')
  const status = Number(parts[2])
  const isVersion11 = parts[1] === '1'
  if (status < 200 && !isVersion11) throw new NotHttp('an answer of HTTP/1.0 is not final')
  const headers = readHeaders(lines)
  return {
    status,
    headers,
    body: bodyOf(status, headers),
    isPersistent: isPersistent(isVersion11, headers)
  }
}

function readHeaders(lines: readonly string[]): ResponseHeaders {
  const headers: Record<string, string | undefined> = Object.create(null)
  for (const line of lines) {
    const [name, value] = readHeaderLine(line)
    const before = headers[name]
    if (before === undefined) headers[name] = value
    else if (name === 'content-length') throw new NotHttp('there is more than one Content-Length')
    else if (!single.has(name)) headers[name] = `${before}, ${value}`
  }
  return headers
}

/**
 * The name, in lower case, and the value of one header.
 * @throws NotHttp
 */
export function readHeaderLine(line: string): [name: string, value: string] {
  const parts = headerLine.exec(line)
  if (parts === null) throw new NotHttp('a header cannot be read')
  return [(parts[1] as string).toLowerCase(), withoutSpaceRound(parts[2] as string)]
}

/** By hand: a pattern looks at much space again from each place in it, and `trim` takes more than is space here. */
function withoutSpaceRound(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isSpace(text[start])) start++
  while (end > start && isSpace(text[end - 1])) end--
  return text.slice(start, end)
}

function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}

function bodyOf(status: number, headers: ResponseHeaders): ResponseHead['body'] {
  const coding = headers['transfer-encoding']
  const length = headers['content-length']
  if (coding !== undefined) {
    if (length !== undefined) throw new NotHttp('there are both Content-Length and Transfer-Encoding')
    if (coding.toLowerCase() !== 'chunked') throw new NotHttp('the Transfer-Encoding is other than chunked')
  }
  if (length !== undefined && !/^\d{1,15}$/.test(length)) throw new NotHttp('Content-Length is not a number')
  if (status < 200 || status === 204 || status === 304) return 0
  if (coding !== undefined) return 'chunked'
  return length === undefined ? 'until close' : Number(length)
}

/** Old proxies say in Proxy-Connection what belongs in Connection. */
function isPersistent(isVersion11: boolean, headers: ResponseHeaders): boolean {
  const { connection = '', 'proxy-connection': proxyConnection = '' } = headers
  if (connection === '' && proxyConnection === '') return isVersion11
  const options = `${connection},${proxyConnection}`.toLowerCase().split(',').map(withoutSpaceRound)
  return !options.includes('close') && (isVersion11 || options.includes('keep-alive'))
}
