import { SlsError } from '../client/errors'
import { longestTimer } from '../client/option-checks'
import type { Accumulator } from './accumulator'
import type { Admission } from './admission'
import type { SinkClock } from './clock'
import type { Sender } from './sender'
import type { StoreAndForward } from './store-and-forward'
import type { WriteLedger } from './write-ledger'

/** Milliseconds that closing waits for calls with logs from disk, so that they are not sent twice. */
const LONGEST_REST = 2000

/** What became of the logs that were not settled when `close` was called. */
export interface CloseReport {
  /** Accepted meanwhile. */
  acceptedLogs: number
  /** Put on disk meanwhile, to be sent when the next sink opens the same spool. */
  spooledLogs: number
  /** Failed, most of them with code `Closed`: each write of them rejects. */
  failedLogs: number
  failedWrites: number
}

export interface ClosingParts {
  clock: SinkClock
  ledger: WriteLedger
  admission: Admission
  accumulator: Accumulator
  sender: Sender
  spool: StoreAndForward | undefined
  /** Sends all that is buffered; resolves when every write is settled. */
  flush: () => Promise<void>
  /** Every write is settled, and no call is on the wire. */
  onSettled: () => void
}

/** The last things a sink does: it sends or puts on disk in time what it can, and fails what is left. */
export class Closing {
  constructor(private readonly parts: ClosingParts) {}

  /** @param deadline milliseconds until what is not accepted or on disk fails with code `Closed` */
  async run(deadline: number): Promise<CloseReport> {
    const { ledger, spool, flush } = this.parts
    const { acceptedLogs, spooledLogs, failedLogs, failedWrites } = ledger
    const time = Math.min(Math.max(deadline, 0), longestTimer)
    await (spool === undefined ? this.#within(time, flush()) : this.#empty(spool, time))
    if (spool !== undefined) await this.#within(Math.min(time / 10, LONGEST_REST), spool.rest())
    this.#abandon()
    this.parts.onSettled()
    await spool?.close()
    return {
      acceptedLogs: ledger.acceptedLogs - acceptedLogs,
      spooledLogs: ledger.spooledLogs - spooledLogs,
      failedLogs: ledger.failedLogs - failedLogs,
      failedWrites: ledger.failedWrites - failedWrites
    }
  }

  /** Sends for half of the time; then all that is not on the wire goes to disk, and soon after that what is. */
  async #empty(spool: StoreAndForward, time: number): Promise<void> {
    const { sender, flush } = this.parts
    const flushed = flush()
    if (!sender.isOutOfReach && (await this.#within(time / 2, flushed))) return
    spool.spoolEverything()
    if (await this.#within(time / 4, flushed)) return
    sender.interrupt()
    await this.#within((time * 3) / 20, flushed)
  }

  /** False where `milliseconds` passed before. */
  async #within(milliseconds: number, work: Promise<void>): Promise<boolean> {
    let cancelTimer: () => void = () => undefined
    const timeUp = new Promise<false>((resolve) => {
      cancelTimer = this.parts.clock.after(milliseconds, () => resolve(false))
    })
    const inTime = await Promise.race([work.then(() => true), timeUp])
    cancelTimer()
    return inTime
  }

  #abandon(): void {
    const { admission, accumulator, sender } = this.parts
    const error = new SlsError('Closed', 'The sink was closed before the service accepted the logs', {
      retryability: 'ordinary',
      hint: 'Those of a call that was on the wire may have been accepted'
    })
    admission.failAll(error)
    accumulator.sealAll()
    sender.abandon(error)
  }
}
