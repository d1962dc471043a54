import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { decompress } from './compression'

/** What came back, as it came. */
export class Reply {
  constructor(
    readonly status: number,
    readonly headers: IncomingHttpHeaders,
    readonly body: Buffer
  ) {}

  header(name: string): string | undefined {
    const value = this.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }

  get requestId(): string {
    return this.header('x-log-requestid') ?? ''
  }

  /** The body as it was before its SLS compression. */
  get raw(): Buffer {
    const type = this.header('x-log-compresstype')
    return this.body.length === 0
      ? this.body
      : decompress(type, this.body, Number(this.header('x-log-bodyrawsize')))
  }

  json<T = unknown>(): T {
    return JSON.parse(this.raw.toString()) as T
  }

  /** Status and body in short, for messages. */
  toString(): string {
    return `${this.status} ${this.body.subarray(0, 300).toString()}`
  }
}

/** The reply itself, when the call succeeded. */
export function accepted(reply: Reply): Reply {
  assert.equal(reply.status, 200, `expected 200, not ${reply}`)
  assert.match(reply.requestId, /^[0-9A-F]{24}$/i, 'a reply bears a request id')
  return reply
}

/** A 200 without a body, which must not say that it is JSON. */
export function acceptedEmpty(reply: Reply): void {
  accepted(reply)
  assert.equal(reply.body.length, 0, 'the reply has no body')
  assert.doesNotMatch(reply.header('content-type') ?? '', /json/, 'an empty reply is not said to be JSON')
}

type OneOrMore<T> = T | readonly T[]

/** Refused in the service's form, with one of the statuses and one of the codes. */
export function refused(
  reply: Reply,
  status: OneOrMore<number>,
  code: OneOrMore<string>,
  message?: RegExp | string
): void {
  const statuses = [status].flat()
  assert.ok(statuses.includes(reply.status), `expected status ${statuses.join(' or ')}, not ${reply}`)
  assert.match(reply.header('content-type') ?? '', /^application\/json\b/, 'an error is JSON')
  assert.match(reply.requestId, /^[0-9A-F]{24}$/i, 'an error bears a request id in its header')
  const { errorCode, errorMessage } = reply.json<{ errorCode?: unknown; errorMessage?: unknown }>()
  const codes = [code].flat()
  assert.ok(codes.includes(String(errorCode)), `expected code ${codes.join(' or ')}, not ${reply}`)
  assert.equal(typeof errorMessage, 'string', 'an error has a message')
  if (typeof message === 'string') assert.equal(errorMessage, message)
  else if (message !== undefined) assert.match(String(errorMessage), message)
}
