/** Headers of a request: names in lower case; those without a value are left out. */
export type RequestHeaders = Readonly<Record<string, string | undefined>>

/** A character that would end the target, or that HTTP does not allow there (RFC 9112, 3.2). */
const notInTarget = /[^\x21-\x7e]/
/** A character that would end a value, or that HTTP does not allow in one (RFC 9110, 5.5). */
const notInValue = /[^\t\x20-\x7e\x80-\xff]/
const notInName = /[^\w!#$%&'*+.^`|~-]/

/**
 * Request line and headers as they go over the wire, in Latin-1.
 * @param target path and query, or a whole URL where a proxy is asked.
 * @throws Error where the target or a header holds what HTTP does not allow; it names the header, not the value.
 */
export function requestHead(method: string, target: string, headers: RequestHeaders): string {
  if (notInTarget.test(target)) throw new Error('the target holds a character that HTTP does not allow')
  let head = `${method} ${target} HTTP/1.1\r\n`
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined) continue
    if (notInName.test(name) || notInValue.test(value)) {
      throw new Error(`the header ${JSON.stringify(name)} holds a character that HTTP does not allow`)
    }
    head += `${name}: ${value}\r\n`
  }
  return `${head}\r\n`
}
