import type { SlsError } from '../client/errors'
import type { Settlement } from './piece'
import { WriteError } from './write-error'

/** What became of one write. */
export interface Receipt {
  /** Logs accepted by the service, or on disk. */
  logs: number
  /** Of these, the ones that are on disk, to be sent later. */
  spooled: number
  /** Their encoded bytes, before compression. */
  bytes: number
  /** Of each request that carried logs of the write. */
  requestIds: string[]
  logstore: string
  /** The most calls that one of these requests took. */
  attempts: number
}

/** Hears what became of a write. It is called while the sink is at work: it must neither throw nor write. */
export interface WriteObserver {
  accepted(receipt: Receipt): void
  failed(error: unknown): void
}

/** One write until it is settled: exactly once, when each of its logs is accepted or has failed. */
export class WriteTicket implements Settlement {
  #requestIds: string[] | undefined
  #accepted = 0
  #spooled = 0
  #failed = 0
  #bytes = 0
  #attempts = 0
  #error: SlsError | undefined

  /** @param epoch the flush that waits for it, see {@link WriteLedger.drained} */
  constructor(
    readonly logs: number,
    readonly logstore: string,
    readonly epoch: number,
    private readonly ledger: WriteLedger,
    private readonly observer: WriteObserver
  ) {}

  /** Logs that are neither accepted nor on disk nor failed. */
  get pending(): number {
    return this.logs - this.#accepted - this.#spooled - this.#failed
  }

  accept(logs: number, bytes: number, requestId: string, attempts: number): void {
    this.#accepted += logs
    this.#bytes += bytes
    this.#attempts = Math.max(this.#attempts, attempts)
    if (this.#requestIds === undefined) this.#requestIds = [requestId]
    else if (this.#requestIds.at(-1) !== requestId) this.#requestIds.push(requestId)
    this.ledger.acceptedLogs += logs
    this.ledger.acceptedBytes += bytes
    this.settleIfDone()
  }

  spool(logs: number, bytes: number): void {
    this.#spooled += logs
    this.#bytes += bytes
    this.ledger.spooledLogs += logs
    this.settleIfDone()
  }

  /** The first error of a write is the one its promise rejects with. */
  fail(logs: number, error: SlsError): void {
    this.#failed += logs
    this.#error ??= error
    this.ledger.failedLogs += logs
    this.settleIfDone()
  }

  /** A write of no logs is settled when it is opened, any other by its last log. */
  settleIfDone(): void {
    if (this.pending !== 0) return
    if (this.#error === undefined) {
      this.observer.accepted({
        logs: this.#accepted + this.#spooled,
        spooled: this.#spooled,
        bytes: this.#bytes,
        requestIds: this.#requestIds ?? [],
        logstore: this.logstore,
        attempts: this.#attempts
      })
    } else {
      this.observer.failed(WriteError.of(this.#error, this.logs, this.#accepted + this.#spooled))
    }
    this.ledger.settled(this, this.#error !== undefined)
  }
}

interface DrainWaiter {
  epoch: number
  resolve: () => void
}

/** All writes that are not settled, and the totals of those that are. */
export class WriteLedger {
  acceptedLogs = 0
  acceptedBytes = 0
  spooledLogs = 0
  failedLogs = 0
  failedWrites = 0
  #epoch = 0
  #pendingWrites = 0
  /** Unsettled writes by epoch, the oldest first. */
  readonly #pendingByEpoch = new Map<number, number>()
  #waiters: DrainWaiter[] = []

  get pendingWrites(): number {
    return this.#pendingWrites
  }

  /** True when somebody waits for the write to be settled, so that it must not linger in an open batch. */
  isUrgent(ticket: WriteTicket): boolean {
    return ticket.epoch < this.#epoch
  }

  open(logs: number, logstore: string, observer: WriteObserver): WriteTicket {
    const ticket = this.draft(logs, logstore, observer)
    this.enter(ticket)
    ticket.settleIfDone()
    return ticket
  }

  /** A ticket that counts once it is entered, which must be before any of its logs is settled. */
  draft(logs: number, logstore: string, observer: WriteObserver): WriteTicket {
    return new WriteTicket(logs, logstore, this.#epoch, this, observer)
  }

  enter({ epoch }: WriteTicket): void {
    this.#pendingWrites++
    this.#pendingByEpoch.set(epoch, (this.#pendingByEpoch.get(epoch) ?? 0) + 1)
  }

  settled(ticket: WriteTicket, failed: boolean): void {
    if (failed) this.failedWrites++
    this.#pendingWrites--
    const left = (this.#pendingByEpoch.get(ticket.epoch) ?? 0) - 1
    if (left > 0) {
      this.#pendingByEpoch.set(ticket.epoch, left)
      return
    }
    this.#pendingByEpoch.delete(ticket.epoch)
    this.#tellWaiters()
  }

  /** Resolves when every write opened before this call is settled, accepted or not. */
  drained(): Promise<void> {
    const epoch = this.#epoch++
    return new Promise((resolve) => {
      this.#waiters.push({ epoch, resolve })
      this.#tellWaiters()
    })
  }

  #tellWaiters(): void {
    if (this.#waiters.length === 0) return
    const [oldest] = this.#pendingByEpoch.keys()
    const done = (waiter: DrainWaiter) => oldest === undefined || waiter.epoch < oldest
    for (const waiter of this.#waiters) if (done(waiter)) waiter.resolve()
    this.#waiters = this.#waiters.filter((waiter) => !done(waiter))
  }
}
