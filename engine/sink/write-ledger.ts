import type { SlsError } from '../client/errors'
import type { Settlement, Share } from './piece'
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

/** Writes made between two flushes. */
class Epoch {
  pending = 0
  /** Told when none of them and of those before is pending, once somebody waits for it. */
  onDrained: (() => void) | undefined
}

/** What became of the logs of a write, where it is not the same for all at once. */
class Parts {
  accepted = 0
  spooled = 0
  failed = 0
  bytes = 0
  attempts = 0
  readonly requestIds: string[] = []
  error: SlsError | undefined
}

/**
 * One write until it is settled: exactly once, when each of its logs is accepted or has failed. A batch that holds all
 * of its logs takes it for their share, which is one object less for each write that waits.
 */
export class WriteTicket implements Settlement, Share {
  /** Encoded bytes of its logs, where one batch holds them all. */
  bytes = 0
  #parts: Parts | undefined

  constructor(
    readonly logs: number,
    private readonly logstore: string,
    /** The flush that waits for it, see {@link WriteLedger.drained}. */
    readonly epoch: Epoch,
    private readonly ledger: WriteLedger,
    private readonly observer: WriteObserver
  ) {}

  get ticket(): this {
    return this
  }

  accept(logs: number, bytes: number, requestId: string, attempts: number): void {
    this.ledger.acceptedLogs += logs
    this.ledger.acceptedBytes += bytes
    if (logs === this.logs) {
      const { logstore } = this
      this.observer.accepted({ logs, spooled: 0, bytes, requestIds: [requestId], logstore, attempts })
      this.ledger.settled(this, false)
      return
    }
    const parts = this.#inParts()
    parts.accepted += logs
    parts.bytes += bytes
    parts.attempts = Math.max(parts.attempts, attempts)
    if (parts.requestIds.at(-1) !== requestId) parts.requestIds.push(requestId)
    this.settleIfDone()
  }

  spool(logs: number, bytes: number): void {
    this.ledger.spooledLogs += logs
    const parts = this.#inParts()
    parts.spooled += logs
    parts.bytes += bytes
    this.settleIfDone()
  }

  /** The first error of a write is the one its promise rejects with. */
  fail(logs: number, error: SlsError): void {
    this.ledger.failedLogs += logs
    const parts = this.#inParts()
    parts.failed += logs
    parts.error ??= error
    this.settleIfDone()
  }

  /** A write of no logs is settled when it is opened, any other by its last log. */
  settleIfDone(): void {
    const { accepted, spooled, failed, bytes, requestIds, attempts, error } = this.#inParts()
    const kept = accepted + spooled
    if (kept + failed !== this.logs) return
    if (error === undefined) {
      this.observer.accepted({ logs: kept, spooled, bytes, requestIds, logstore: this.logstore, attempts })
    } else {
      this.observer.failed(WriteError.of(error, this.logs, kept))
    }
    this.ledger.settled(this, error !== undefined)
  }

  #inParts(): Parts {
    this.#parts ??= new Parts()
    return this.#parts
  }
}

/** All writes that are not settled, and the totals of those that are. */
export class WriteLedger {
  acceptedLogs = 0
  acceptedBytes = 0
  spooledLogs = 0
  failedLogs = 0
  failedWrites = 0
  #current = new Epoch()
  /** Those that a flush waits for, the oldest first. */
  #flushed: Epoch[] = []

  get pendingWrites(): number {
    return this.#flushed.reduce((sum, { pending }) => sum + pending, this.#current.pending)
  }

  /** True when somebody waits for the write to be settled, so that it must not linger in an open batch. */
  isUrgent(ticket: WriteTicket): boolean {
    return ticket.epoch !== this.#current
  }

  open(logs: number, logstore: string, observer: WriteObserver): WriteTicket {
    const ticket = this.draft(logs, logstore, observer)
    this.enter(ticket)
    if (logs === 0) ticket.settleIfDone()
    return ticket
  }

  /** A ticket that counts once it is entered, which must be before any of its logs is settled. */
  draft(logs: number, logstore: string, observer: WriteObserver): WriteTicket {
    return new WriteTicket(logs, logstore, this.#current, this, observer)
  }

  enter({ epoch }: WriteTicket): void {
    epoch.pending++
  }

  settled({ epoch }: WriteTicket, failed: boolean): void {
    if (failed) this.failedWrites++
    epoch.pending--
    if (epoch.pending === 0 && epoch !== this.#current) this.#tellWaiters()
  }

  /** Resolves when every write opened before this call is settled, accepted or not. */
  drained(): Promise<void> {
    const epoch = this.#current
    this.#current = new Epoch()
    this.#flushed.push(epoch)
    return new Promise((resolve) => {
      epoch.onDrained = resolve
      this.#tellWaiters()
    })
  }

  #tellWaiters(): void {
    while (this.#flushed[0]?.pending === 0) this.#flushed.shift()?.onDrained?.()
  }
}
