import type { LogInput } from '../client/codec/log-input'
import { SlsError } from '../client/errors'
import type { Accumulator } from './accumulator'
import type { MemoryBudget } from './memory-budget'
import type { SinkSettings } from './options'
import type { OverflowPolicy } from './overflow'
import type { Place } from './place'
import { measureWrite, type PreparedWrite } from './prepare-write'
import { asSlsError } from './write-error'
import type { WriteLedger, WriteTicket } from './write-ledger'

export interface AdmissionParts {
  settings: Pick<SinkSettings, 'clock' | 'maxBlock'>
  budget: MemoryBudget
  accumulator: Accumulator
  ledger: WriteLedger
  overflow: OverflowPolicy
  /** Only where there is a spool. */
  disk: DiskRelief | undefined
}

/** Room that is made by writing batches to disk. */
export interface DiskRelief {
  /** Whether the disk takes batches at present. */
  readonly helps: boolean
  /** Sends as much of the buffer to disk as it takes to get so many bytes back. */
  relieve(bytes: number): void
}

interface Waiting {
  readonly write: PreparedWrite
  /** It takes more than the whole buffer. */
  readonly inParts: boolean
  cancelTimer: (() => void) | undefined
}

/**
 * The door of the buffer. A write enters whole, so that one without room is refused whole; only one that is larger
 * than the whole buffer waits to enter in parts. Who waits enters in the order of coming, and nobody overtakes.
 */
export class Admission {
  /** In the order of coming. */
  readonly #waiting = new Set<Waiting>()

  constructor(private readonly parts: AdmissionParts) {}

  get waitingWrites(): number {
    return this.#waiting.size
  }

  get waitingLogs(): number {
    let logs = 0
    for (const { write } of this.#waiting) logs += write.logs.length - write.next
    return logs
  }

  /**
   * Lets logs in that were not looked at. @returns false, and none is let in, where they have to be looked at: one is
   * no log that can be sent, others wait, or the buffer fills, where the work might be in vain.
   */
  admitUnchecked(place: Place, logs: readonly LogInput[], ticket: WriteTicket): boolean {
    const { accumulator, budget } = this.parts
    return this.#waiting.size === 0 && budget.level === 'low' && accumulator.addUnchecked(place, logs, ticket)
  }

  /** Lets the write in, makes it wait, or fails it. */
  submit(write: PreparedWrite): void {
    try {
      this.#admit(write)
    } catch (error) {
      // A getter gave something else than when it was checked.
      failRest(write, asSlsError(error))
    }
  }

  #admit(write: PreparedWrite): void {
    if (this.#waiting.size === 0 && this.#enter(write)) return
    measureWrite(write)
    const { accumulator, budget, overflow } = this.parts
    if (accumulator.largestLogCost(write) > budget.limit) {
      this.#refuse(write, 'a log is larger than the whole buffer', 'Raise totalBytes')
      return
    }
    const need = accumulator.costOfAlone(write)
    const decision = this.#diskHelps ? 'wait' : overflow.onFull({ need, fits: () => this.#fits(write) })
    if (decision === 'wait') this.#wait(write, need > budget.limit)
    else if (decision === 'refuse' || !this.#enter(write)) this.#refuse(write, 'the buffer is full', fullHint)
  }

  /** Room was made: lets in who waits. */
  pump(): void {
    let urgent = false
    for (const waiting of this.#waiting) {
      const { write } = waiting
      const before = write.next
      const entered = this.#enter(write) || (waiting.inParts && this.#enterInPart(write))
      if (write.next > before) urgent ||= this.parts.ledger.isUrgent(write.ticket)
      if (entered) {
        this.#leave(waiting)
        continue
      }
      if (write.next > before) this.#startTimer(waiting)
      this.#press(waiting)
      break
    }
    if (urgent) this.parts.accumulator.sealAll()
  }

  /** The disk helps again, or helps no more: then those that only waited for it meet the policy. */
  diskChanged(): void {
    const { accumulator, overflow } = this.parts
    if (!this.#diskHelps) {
      for (const waiting of this.#waiting) {
        if (waiting.cancelTimer !== undefined) continue
        const { write } = waiting
        const need = accumulator.costOfAlone(write)
        const decision = overflow.onFull({ need, fits: () => this.#fits(write) })
        if (decision === 'refuse') {
          this.#leave(waiting)
          this.#refuse(write, 'the buffer is full', fullHint)
        } else this.#startTimer(waiting)
      }
    }
    this.pump()
  }

  get #diskHelps(): boolean {
    return this.parts.disk?.helps === true
  }

  /** Every write that waits fails, with as many of its logs as are in no batch. */
  failAll(error: SlsError): void {
    for (const waiting of this.#waiting) {
      this.#leave(waiting)
      failRest(waiting.write, error)
    }
  }

  #fits(write: PreparedWrite): boolean {
    return this.parts.accumulator.costOf(write) <= this.parts.budget.free
  }

  #enter(write: PreparedWrite): boolean {
    if (!this.#fits(write)) {
      if (write.measured) return false
      measureWrite(write)
      if (!this.#fits(write)) return false
    }
    this.parts.accumulator.add(write)
    return true
  }

  #enterInPart(write: PreparedWrite): boolean {
    this.parts.accumulator.addWhatFits(write)
    return write.next === write.logs.length
  }

  #wait(write: PreparedWrite, inParts: boolean): void {
    const waiting: Waiting = { write, inParts, cancelTimer: undefined }
    this.#waiting.add(waiting)
    this.#startTimer(waiting)
    if (this.#waiting.size === 1) this.pump()
  }

  /** The wait is bounded from its beginning, and for a write that enters in parts from each part on. */
  #startTimer(waiting: Waiting): void {
    waiting.cancelTimer?.()
    waiting.cancelTimer = undefined
    const { clock, maxBlock } = this.parts.settings
    if (maxBlock < 0 || this.#diskHelps) return
    waiting.cancelTimer = clock.after(maxBlock, () => {
      this.#leave(waiting)
      this.#refuse(waiting.write, `the buffer was full for ${maxBlock} ms`, fullHint)
      this.pump()
    })
  }

  #leave(waiting: Waiting): void {
    this.#waiting.delete(waiting)
    waiting.cancelTimer?.()
  }

  /** Makes sure that enough is on its way out for who waits: batches are not held open for more logs now. */
  #press({ write, inParts }: Waiting): void {
    const { accumulator, budget, disk } = this.parts
    const need = inParts ? budget.limit : accumulator.costOfAlone(write)
    accumulator.sealOldest(need - (budget.limit - accumulator.openCharge))
    disk?.relieve(need - budget.free)
  }

  #refuse(write: PreparedWrite, reason: string, hint: string): void {
    const { budget, ledger } = this.parts
    const message = `${reason}: ${budget.used} of ${budget.limit} bytes in use, ${ledger.pendingWrites} writes pending`
    failRest(write, new SlsError('BufferFull', message, { retryability: 'ordinary', hint }))
  }
}

const fullHint = 'Write more slowly, raise totalBytes, or find out why the service does not take the logs'

function failRest(write: PreparedWrite, error: SlsError): void {
  write.ticket.fail(write.logs.length - write.next, error)
}
