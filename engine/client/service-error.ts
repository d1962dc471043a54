import { type Retryability, SlsError } from './errors'
import type { HttpResponse } from './http-transport'
import { redact } from './redact'
import { type CallSubject, comparable, hintFor } from './service-hints'

const clockCodes = new Set(['requesttimetooskewed', 'requesttimeexpired', 'invalidrequesttime'])
const finalCodes = new Set(['postbodytoolarge', 'postbodyinvalid'])

/** True where the service refused a call for the time it was signed with. */
export function isClockError(error: SlsError): boolean {
  return clockCodes.has(comparable(error.code))
}

/**
 * What an answer that is no success means.
 * @param secrets what must never show in the message, even if the server sends it back.
 */
export function serviceError(
  response: HttpResponse,
  subject: CallSubject,
  secrets: readonly (string | undefined)[]
): SlsError {
  const { status } = response
  const text = response.body.toString('utf8', 0, 65_536)
  const reported = parseReport(text)
  const requestId = requestIdOf(response) ?? reported?.requestId
  if (reported === undefined) {
    const quoted = withoutTags(redact(text, secrets, 4096)).slice(0, 200)
    return new SlsError(
      status === 407 ? 'NetworkError' : 'BadResponse',
      `${subject.api}: the answer is not one of the service${quoted === '' ? '' : `: ${quoted}`}`,
      {
        status,
        requestId,
        retryability: retryabilityOf(status, ''),
        hint: status === 407 ? 'Give the user name and password of the proxy' : undefined
      }
    )
  }
  const message = redact(reported.message, secrets)
  return new SlsError(
    redact(reported.code, secrets, 100),
    `${subject.api}: ${message === '' ? `HTTP ${status}` : message}`,
    {
      status,
      requestId: requestId === undefined ? undefined : redact(requestId, secrets, 100),
      retryability: retryabilityOf(status, reported.code),
      hint: hintFor(reported.code, message, subject)
    }
  )
}

/** True where the body of an answer, whatever its status, is an error of the service. */
export function reportsError(body: Buffer): boolean {
  return parseReport(body.toString('utf8', 0, 65_536)) !== undefined
}

export function requestIdOf(response: HttpResponse): string | undefined {
  const id = response.headers['x-log-requestid']
  return typeof id === 'string' && id !== '' ? id : undefined
}

/**
 * Transient: 5xx, 408, 429 and every exceeded quota. Never: 400 and what is wrong in a written body, but for a clock
 * that is off. All else (401, 403, 404, ...) may be mended by somebody meanwhile.
 */
function retryabilityOf(status: number, code: string): Retryability {
  const name = comparable(code)
  if (finalCodes.has(name)) return 'never'
  if (status >= 500 || status === 408 || status === 429) return 'transient'
  if (clockCodes.has(name)) return 'ordinary'
  if (name === 'exceedquota' || /^(?:shard)?(?:read|write)quotaexceed$/.test(name)) return 'transient'
  if (status === 403 && name.includes('quota')) return 'transient'
  return status === 400 ? 'never' : 'ordinary'
}

interface Report {
  code: string
  message: string
  requestId: string | undefined
}

/**
 * The error an answer's JSON reports: `{errorCode, errorMessage}`, the old `{error_code, error_message}` with codes
 * that begin with `SLS`, or a gateway's `{Error: {Code, Message, RequestId}}`.
 */
function parseReport(text: string): Report | undefined {
  const json = parseObject(text)
  if (json === undefined) return undefined
  const inner = asObject(json['Error']) ?? json
  const code = firstText(inner, ['errorCode', 'error_code', 'Code', 'code'])
  if (code === undefined) return undefined
  return {
    code: code.replace(/^SLS(?=[A-Z])/, ''),
    message: firstText(inner, ['errorMessage', 'error_message', 'Message', 'message']) ?? '',
    requestId: firstText(inner, ['requestId', 'requestID', 'RequestId'])
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return asObject(JSON.parse(text))
  } catch {
    return undefined
  }
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}

function firstText(object: Record<string, unknown>, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = object[name]
    if (typeof value === 'string' && value !== '') return value
  }
  return undefined
}

function withoutTags(text: string): string {
  return text
    .replace(/<(style|script)\b.*?<\/\1>/gis, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}
