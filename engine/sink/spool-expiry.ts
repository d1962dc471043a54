import type { SinkEmitter } from './events'
import type { SinkSettings, SpoolSettings } from './options'
import type { RecordPlace } from './postponed'

/** A machine without a clock begins in 1970: such times say nothing about an age. */
const FIRST_SURE_TIME = Date.UTC(2020, 0)

/** How long logs may stay on disk. */
export class SpoolExpiry {
  constructor(
    private readonly clock: SinkSettings['clock'],
    private readonly maxAge: SpoolSettings['maxAge'],
    private readonly emitter: SinkEmitter
  ) {}

  isOver({ head }: Pick<RecordPlace, 'head'>): boolean {
    if (head.time < FIRST_SURE_TIME) return false
    return this.clock.date() - head.time > this.maxAge
  }

  /** Says, by logstore, what is given up. */
  tell(records: readonly RecordPlace[]): void {
    const expired = new Map<string, { logs: number; since: number }>()
    for (const { head } of records) {
      const { logstore, logs, time } = head
      const sum = expired.get(logstore) ?? { logs: 0, since: time }
      expired.set(logstore, { logs: sum.logs + logs, since: Math.min(sum.since, time) })
    }
    for (const [logstore, { logs, since }] of expired)
      this.emitter.emit('spoolExpired', { logstore, logs, since })
  }
}
