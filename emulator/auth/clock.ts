import type { EmulatorRequest } from '../http/request'
import { ServiceError } from '../service-error'

/** How far a request's clock may be off, in milliseconds, as the service documents it. */
export const MAX_CLOCK_SKEW = 15 * 60 * 1000

/** Unix milliseconds of a V1 request: `x-log-date` stands in for `Date` where a client sends it. */
export function requestTimeV1(request: EmulatorRequest): number {
  const text = request.header('x-log-date') ?? request.header('date')
  if (text === undefined) throw new ServiceError(400, 'MissingDate', 'Date does not exist in http header')
  const time = Date.parse(text)
  if (Number.isNaN(time) || !/GMT$/.test(text)) {
    throw new ServiceError(400, 'InvalidDateFormat', `Date ${text} must follow RFC 1123`)
  }
  return time
}

const V4_DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

/** `x-log-date` of a V4 request, as text and as Unix milliseconds. */
export function requestTimeV4(request: EmulatorRequest): { text: string; time: number } {
  const text = request.header('x-log-date')
  if (text === undefined)
    throw new ServiceError(400, 'MissingDate', 'x-log-date does not exist in http header')
  const time = V4_DATE.test(text) ? Date.parse(text.replace(V4_DATE, '$1-$2-$3T$4:$5:$6Z')) : Number.NaN
  if (Number.isNaN(time)) {
    throw new ServiceError(400, 'InvalidDateFormat', `x-log-date ${text} must be YYYYMMDDTHHMMSSZ`)
  }
  return { text, time }
}

export function checkClock(requestTime: number, serverTime: number): void {
  if (Math.abs(requestTime - serverTime) <= MAX_CLOCK_SKEW) return
  throw new ServiceError(
    400,
    'RequestTimeTooSkewed',
    `Request time exceeds server time more than 15 minutes: request ${isoOf(requestTime)}, server ${isoOf(serverTime)}`
  )
}

function isoOf(time: number): string {
  return new Date(time).toISOString()
}
