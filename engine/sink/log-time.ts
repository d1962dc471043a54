import { LogGroupEncoder } from '../client/codec/log-group-encoder'
import { parseLogGroup } from '../client/codec/log-group-list'
import type { Content, Log } from '../client/model'

/** Seconds that a log may be older, and ahead of the service's time; it refuses the whole request else. */
const OLDEST = 7 * 86_400
const AHEAD = 15 * 60
/** Seconds before a log is too old at which it is taken to be, since it has to get there. */
const ON_THE_WAY = 60

/** The field in which a log keeps its own time when that had to be replaced: ISO 8601, to the nanosecond. */
export const ORIGINAL_TIME = 'original_time'

/**
 * What becomes of logs that the service would refuse for their time: `keep` sends them all the same, `rewrite` gives
 * them the present time, `reject` fails their write.
 */
export type TimeRepairName = 'keep' | 'rewrite' | 'reject'

/** What time it is. */
export interface ServiceTime {
  /** Unix milliseconds by the service's clock. */
  readonly now: number
  /** Milliseconds that it is ahead of this machine's. */
  readonly offset: number
}

/** Unix seconds of the first and the last of some logs. */
export interface TimeSpan {
  readonly first: number
  readonly last: number
}

/** True where the service takes a log with this time (Unix seconds). */
export function isTimely(time: number, { now }: Pick<ServiceTime, 'now'>): boolean {
  const present = now / 1000
  return time >= present - OLDEST + ON_THE_WAY && time <= present + AHEAD
}

/**
 * True where the service would refuse a log for this time (Unix seconds), and it cannot be told that the clock of this
 * machine is to blame.
 */
export function isUntimely(time: number, service: ServiceTime): boolean {
  return !isTimely(time, service) && shifted(time, service) === undefined
}

/** The true time of a log that was timely by the wrong clock of this machine. */
function shifted(time: number, service: ServiceTime): number | undefined {
  const { now, offset } = service
  if (offset === 0 || !isTimely(time, { now: now - offset })) return undefined
  const right = time + Math.round(offset / 1000)
  return isTimely(right, service) ? right : undefined
}

/**
 * The log with a time that the service takes, and with its own in the field {@link ORIGINAL_TIME}; the same log where
 * nothing is to be done. A time that a wrong clock of this machine made is shifted by as much as that is off, whatever
 * `repair` says.
 */
export function repairLog(log: Log, service: ServiceTime, repair: TimeRepairName): Log {
  if (isTimely(log.time, service)) return log
  const right = shifted(log.time, service)
  if (right !== undefined) return { ...log, time: right, contents: withOriginal(log) }
  if (repair !== 'rewrite') return log
  const time = Math.floor(service.now / 1000)
  const contents = withOriginal(log)
  if (log.timeNs === undefined) return { time, contents }
  return { time, timeNs: Math.floor(service.now % 1000) * 1_000_000, contents }
}

/** True where {@link repairGroup} could change a group with logs of this time span. */
export function mayRepair(span: TimeSpan, service: ServiceTime, repair: TimeRepairName): boolean {
  if (repair !== 'rewrite' && service.offset === 0) return false
  return !isTimely(span.first, service) || !isTimely(span.last, service)
}

export interface RepairedGroup {
  /** Encoded; the same bytes where nothing was to be done. */
  raw: Buffer
  /** Logs that got another time. */
  repaired: number
  span: TimeSpan
}

/**
 * An encoded log group with the times of its logs repaired.
 * @throws SlsError `CorruptBody`
 */
export function repairGroup(raw: Buffer, service: ServiceTime, repair: TimeRepairName): RepairedGroup {
  const group = parseLogGroup(raw)
  const encoder = new LogGroupEncoder(group, raw.length)
  let repaired = 0
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  for (const log of group.logs()) {
    const timely = repairLog(log, service, repair)
    if (timely !== log) repaired++
    first = Math.min(first, timely.time)
    last = Math.max(last, timely.time)
    encoder.append(timely)
  }
  return { raw: repaired === 0 ? raw : encoder.finish(), repaired, span: { first, last } }
}

/** A log that was repaired before keeps the time it had at first. */
function withOriginal({ time, timeNs, contents }: Log): Content[] {
  if (contents.some(([key]) => key === ORIGINAL_TIME)) return [...contents]
  const second = new Date(time * 1000).toISOString().slice(0, 19)
  const fraction = timeNs === undefined ? '' : `.${String(timeNs).padStart(9, '0')}`
  return [...contents, [ORIGINAL_TIME, `${second}${fraction}Z`]]
}
