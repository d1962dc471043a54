import type { SinkEmitter } from './events'
import type { SinkSettings, SpoolSettings } from './options'
import type { RecordPlace } from './postponed'

/** A machine without a clock begins in 1970: such times say nothing about an age. */
const FIRST_SURE_TIME = Date.UTC(2020, 0)

/** The part of the age by which what this process wrote may be taken for younger than it is. */
const GRAIN = 1 / 64

/**
 * How long logs may stay on disk. The machine's date tells the age of what an earlier process wrote; it may be set at any
 * time, so what this one wrote is too old only where the time that never goes back says so, too.
 */
export class SpoolExpiry {
  /** Records from `seq` on were written at `since` or later, by the sink's clock: in the order of time. */
  readonly #written: { seq: number; since: number }[] = []

  constructor(
    private readonly clock: SinkSettings['clock'],
    private readonly maxAge: SpoolSettings['maxAge'],
    private readonly emitter: SinkEmitter
  ) {}

  /** Told from the opening of the spool on, now and then. @param next number of the next record to be written */
  passes(next: number): void {
    const now = this.clock.now()
    const last = this.#written.at(-1)
    if (last !== undefined && now - last.since < this.maxAge * GRAIN) return
    this.#written.push({ seq: next, since: now })
    while ((this.#written[2]?.since ?? now) < now - this.maxAge) this.#written.splice(1, 1)
  }

  isOver({ head }: Pick<RecordPlace, 'head'>): boolean {
    if (head.time < FIRST_SURE_TIME) return false
    return this.clock.date() - head.time > this.maxAge && this.#mayBeOver(head.seq)
  }

  #mayBeOver(seq: number): boolean {
    const first = this.#written[0]
    if (first === undefined || seq < first.seq) return true
    const before = this.clock.now() - this.maxAge
    return this.#written.some(({ seq: next, since }) => since < before && seq < next)
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
