import { types } from 'node:util'

/** A moment as SLS stores it. */
export interface Instant {
  /** Unix seconds, 0..4294967295. */
  time: number
  /** Nanoseconds within the second, 0..999999999; undefined where none were given. */
  timeNs?: number | undefined
}

const latestSecond = 0xffff_ffff

/**
 * Reads a moment: a Date; Unix seconds, milliseconds, microseconds or nanoseconds as number, bigint or decimal text
 * (told apart by their size: below 1e11 seconds, below 1e14 milliseconds, below 1e17 microseconds); ISO 8601 text
 * with up to nine digits of a second; or an object with `time` and `timeNs`, such as a received message's `msg.sls`.
 * Undefined for anything else and outside of 1970 to 2106.
 */
export function readInstant(value: unknown): Instant | undefined {
  switch (typeof value) {
    case 'number':
      return ofNumber(value)
    case 'bigint':
      return ofDigits(value.toString(), '')
    case 'string':
      return ofText(value.trim())
    case 'object':
      if (value === null) return undefined
      return types.isDate(value) ? ofMilliseconds(value.getTime(), true) : ofObject(value)
    default:
      return undefined
  }
}

function instant(time: number, timeNs: number | undefined): Instant | undefined {
  if (!Number.isInteger(time) || time < 0 || time > latestSecond) return undefined
  return timeNs === undefined ? { time } : { time, timeNs }
}

/** Unix milliseconds; with `precise` even a whole second bears its nanoseconds. */
export function ofMilliseconds(milliseconds: number, precise = false): Instant | undefined {
  const time = Math.floor(milliseconds / 1000)
  const timeNs = Math.round((milliseconds - time * 1000) * 1e6)
  return instant(time, precise || timeNs > 0 ? timeNs : undefined)
}

function ofNumber(value: number): Instant | undefined {
  if (!Number.isFinite(value) || value < 0) return undefined
  if (Number.isInteger(value) && value < 1e11) return instant(value, undefined)
  if (value < 1e11) {
    const time = Math.floor(value)
    // A double holds about seven digits behind the point of today's Unix time.
    return instant(time, Math.min(Math.round((value - time) * 1e6) * 1000, 999_999_000))
  }
  if (value < 1e14) return ofMilliseconds(value, true)
  return Number.isInteger(value) ? ofDigits(BigInt(value).toString(), '') : undefined
}

function ofText(text: string): Instant | undefined {
  const decimal = /^(\d{1,21})(?:\.(\d{1,12}))?$/.exec(text)
  if (decimal !== null) return ofDigits(decimal[1] ?? '', decimal[2] ?? '')
  return ofIso(text)
}

/** Digits before and behind the point of a count of seconds, or of a finer unit told by its size. */
function ofDigits(whole: string, fraction: string): Instant | undefined {
  const digits = whole.replace(/^0+(?=\d)/, '')
  if (!/^\d+$/.test(digits)) return undefined
  const finer = digits.length <= 11 ? 0 : digits.length <= 14 ? 3 : digits.length <= 17 ? 6 : 9
  if (finer === 0 && fraction === '') return instant(Number(digits), undefined)
  const seconds = finer === 0 ? digits : digits.slice(0, -finer)
  const behind = (finer === 0 ? '' : digits.slice(-finer)) + fraction
  return instant(Number(seconds), Number(behind.slice(0, 9).padEnd(9, '0')))
}

const iso =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,12}))?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i

/** A date alone is midnight UTC; a date and time without a zone is local time. */
function ofIso(text: string): Instant | undefined {
  const parts = iso.exec(text)
  if (parts === null) return undefined
  const [, day = '', clock, fraction, zone = ''] = parts
  const offset = /^[+-]\d{2}$/.test(zone)
    ? `${zone}:00`
    : zone.replace(/^([+-]\d{2})(\d{2})$/, '$1:$2').toUpperCase()
  const milliseconds = Date.parse(clock === undefined ? day : `${day}T${clock}${offset}`)
  if (Number.isNaN(milliseconds) || !isDay(day)) return undefined
  const timeNs = fraction === undefined ? undefined : Number(fraction.slice(0, 9).padEnd(9, '0'))
  return instant(milliseconds / 1000, timeNs)
}

/** JavaScript takes 31 February for the 3rd of March. */
function isDay(day: string): boolean {
  return new Date(day).toISOString().startsWith(day)
}

function ofObject(value: object): Instant | undefined {
  if (!('time' in value)) return undefined
  const base = typeof value.time === 'object' ? undefined : readInstant(value.time)
  if (base === undefined) return undefined
  const timeNs = 'timeNs' in value ? value.timeNs : undefined
  if (timeNs === undefined || timeNs === null) return base
  return isNanoseconds(timeNs) ? instant(base.time, timeNs) : undefined
}

export function isNanoseconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 999_999_999
}

const unitSeconds = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const

/**
 * Reads a moment that may be given by its distance from now, as `2 h ago`, `-15min` or `-PT1H30M`, and `now` itself;
 * else as `readInstant` does.
 * @param now Unix milliseconds
 */
export function readMoment(value: unknown, now: number): Instant | undefined {
  const seconds = typeof value === 'string' ? distance(value.trim().toLowerCase()) : undefined
  return seconds === undefined ? readInstant(value) : ofMilliseconds(now - seconds * 1000)
}

/** Seconds before now. */
function distance(text: string): number | undefined {
  if (text === 'now') return 0
  const simple =
    /^(?:-\s*(\d+(?:\.\d+)?)\s*([a-z]+)|(\d+(?:\.\d+)?)\s*([a-z]+)\s+ago)$/.exec(text) ?? undefined
  if (simple !== undefined) {
    const unit = /^(s|m|h|d|w)(?:|ec|ecs|econds?|in|ins|inutes?|rs?|ours?|ays?|eeks?)$/.exec(
      simple[2] ?? simple[4] ?? ''
    )?.[1]
    return unit === undefined ? undefined : Number(simple[1] ?? simple[3]) * unitSeconds[unit as 's']
  }
  const iso = /^-p(?:(\d+)w)?(?:(\d+)d)?(?:t(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?)?$/.exec(text)
  if (iso === null || /p$|t$/.test(text)) return undefined
  const [, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = iso
  return (
    Number(weeks) * unitSeconds.w +
    Number(days) * unitSeconds.d +
    Number(hours) * unitSeconds.h +
    Number(minutes) * unitSeconds.m +
    Number(seconds)
  )
}
