import type { LogInput } from '../client/codec/log-group-encoder'
import { BATCH_OVERHEAD, Batch, isFull, SHARE_OVERHEAD } from './batch'
import type { MemoryBudget } from './memory-budget'
import type { SinkSettings } from './options'
import type { OrderBook } from './order-book'
import type { Place } from './place'
import type { PreparedWrite } from './prepare-write'
import { asSlsError } from './write-error'
import type { WriteTicket } from './write-ledger'

const none: readonly Batch[] = []

export interface AccumulatorParts {
  settings: Pick<
    SinkSettings,
    'maxLines' | 'maxBytes' | 'maxOpenBatches' | 'flushInterval' | 'compression' | 'clock'
  >
  budget: MemoryBudget
  /** Only where order is kept. */
  order: OrderBook | undefined
  onSealed: (batch: Batch) => void
}

/**
 * The open batches, one a key. A batch lives here from its first log until it is full, due, or the oldest of too many;
 * nothing stays behind of a key that no log is written to.
 */
export class Accumulator {
  /** In the order of opening, so that the first is due first. */
  readonly #open = new Map<string, Batch>()
  #openCharge = 0
  #cancelTimer: (() => void) | undefined

  constructor(private readonly parts: AccumulatorParts) {}

  get openBatches(): number {
    return this.#open.size
  }

  /** What the open batches take of the buffer. */
  get openCharge(): number {
    return this.#openCharge
  }

  /** The oldest first. */
  get batches(): Iterable<Batch> {
    return this.#open.values()
  }

  /** What the logs still to be added take of the buffer at most; exactly that much when the write is measured. */
  costOf(write: PreparedWrite): number {
    return this.#cost(write, this.#open.get(write.place.key))
  }

  /** The same in an empty buffer. */
  costOfAlone(write: PreparedWrite): number {
    return this.#cost(write, undefined)
  }

  /** What the largest of the logs takes of an empty buffer. */
  largestLogCost(write: PreparedWrite): number {
    let largest = 0
    for (let index = write.next; index < write.logs.length; index++)
      largest = Math.max(largest, write.sizes[index] ?? 0)
    return BATCH_OVERHEAD + SHARE_OVERHEAD + write.frameBytes + largest
  }

  #cost(write: PreparedWrite, open: Batch | undefined): number {
    const { settings } = this.parts
    let { logs, bytes } = open ?? { logs: 0, bytes: 0 }
    let cost = open === undefined || open.endsWith(write.ticket) ? 0 : SHARE_OVERHEAD
    for (let index = write.next; index < write.logs.length; index++) {
      const size = write.sizes[index] ?? 0
      if (logs === 0 || isFull(logs, bytes, settings) || bytes + size > settings.maxBytes) {
        cost += BATCH_OVERHEAD + SHARE_OVERHEAD + write.frameBytes
        bytes = write.frameBytes
        logs = 0
      }
      cost += size
      bytes += size
      logs++
    }
    return cost
  }

  /** Adds every log of the write that is not in a batch yet. */
  add(write: PreparedWrite): void {
    while (write.next < write.logs.length) this.#addNext(write)
  }

  /** Adds logs of a measured write one after another as long as the buffer has room. */
  addWhatFits(write: PreparedWrite): void {
    while (write.next < write.logs.length && this.#costOfNext(write) <= this.parts.budget.free)
      this.#addNext(write)
  }

  /**
   * Adds logs that were not looked at, all or none.
   * @returns false, and none is added, when one is no log or too large, or the buffer has no room for them
   */
  addUnchecked(place: Place, logs: readonly LogInput[], ticket: WriteTicket): boolean {
    const { budget, order, settings } = this.parts
    this.#sealWhatMustGoBefore(place.orderKey, place.key)
    const open = this.#open.get(place.key)
    const charge = open?.charge ?? 0
    let next = 0
    try {
      if (open !== undefined) next = open.append(logs, 0, logs.length, ticket, settings)
    } catch {
      return false
    }
    const added = (open?.charge ?? 0) - charge
    const room = budget.free - added
    const further =
      next === logs.length || room < 0 ? none : this.#encodeFurther(place, logs, next, ticket, room)
    if (further === undefined || room < 0) {
      open?.takeBack(ticket)
      return false
    }
    if (open !== undefined) {
      this.#take(added)
      if (next > 0) order?.follow(place.orderKey, open)
      if (further.length > 0 || open.isFull(settings)) this.#seal(open)
    }
    for (const batch of further) {
      this.#admit(batch)
      order?.follow(place.orderKey, batch)
      if (batch !== further.at(-1) || batch.isFull(settings)) this.#seal(batch)
    }
    return true
  }

  /**
   * Encodes logs, from one on, into batches that count nowhere yet.
   * @param room what they may take of the buffer together
   * @returns undefined where one is no log, or larger than a request may be, or there is no room for all
   */
  #encodeFurther(
    { frame, key }: Place,
    logs: readonly LogInput[],
    from: number,
    ticket: WriteTicket,
    room: number
  ): Batch[] | undefined {
    const { settings } = this.parts
    const batches: Batch[] = []
    let charge = 0
    let next = from
    try {
      while (next < logs.length) {
        const batch = new Batch(frame, key, settings.clock.now())
        batches.push(batch)
        const end = batch.append(logs, next, logs.length, ticket, settings)
        charge += batch.charge
        if (end === next || charge > room) return discard(batches)
        next = end
      }
      return batches
    } catch {
      return discard(batches)
    }
  }

  sealAll(): void {
    for (const batch of this.#open.values()) this.#seal(batch)
  }

  /** Seals the oldest batches until they hold `bytes` of the buffer together, or none is open. */
  sealOldest(bytes: number): void {
    let missing = bytes
    for (const batch of this.#open.values()) {
      if (missing <= 0) return
      missing -= batch.charge
      this.#seal(batch)
    }
  }

  /** Takes the oldest open batch out, sealed but not to be sent. */
  removeOldest(): Batch | undefined {
    const [oldest] = this.#open.values()
    if (oldest !== undefined) this.#close(oldest)
    return oldest
  }

  #costOfNext(write: PreparedWrite): number {
    const size = write.sizes[write.next] ?? 0
    const open = this.#open.get(write.place.key)
    if (open === undefined || open.bytes + size > this.parts.settings.maxBytes) {
      return BATCH_OVERHEAD + SHARE_OVERHEAD + write.frameBytes + size
    }
    return size + (open.endsWith(write.ticket) ? 0 : SHARE_OVERHEAD)
  }

  #addNext(write: PreparedWrite): void {
    const index = write.next++
    try {
      const batch = this.#append(write, index)
      if (batch.isFull(this.parts.settings)) this.#seal(batch)
    } catch (error) {
      write.ticket.fail(1, asSlsError(error))
    }
  }

  #append({ place, logs, ticket }: PreparedWrite, index: number): Batch {
    const { key, orderKey, frame } = place
    const { order, settings } = this.parts
    this.#sealWhatMustGoBefore(orderKey, key)
    const open = this.#open.get(key)
    if (open !== undefined) {
      const charge = open.charge
      if (open.append(logs, index, index + 1, ticket, settings) > index) {
        this.#take(open.charge - charge)
        order?.follow(orderKey, open)
        return open
      }
      this.#seal(open)
    }
    const batch = new Batch(frame, key, settings.clock.now())
    if (batch.append(logs, index, index + 1, ticket, settings) === index) {
      throw new Error('the log outgrew the size it was checked with')
    }
    this.#admit(batch)
    order?.follow(orderKey, batch)
    return batch
  }

  #sealWhatMustGoBefore(orderKey: string, key: string): void {
    const before = this.parts.order?.openBefore(orderKey, this.#open.get(key))
    if (before !== undefined) this.#seal(before)
  }

  #admit(batch: Batch): void {
    this.#take(batch.charge)
    this.#open.set(batch.key, batch)
    if (this.#open.size > this.parts.settings.maxOpenBatches) {
      const [oldest] = this.#open.values()
      if (oldest !== undefined) this.#seal(oldest)
    }
    if (this.#open.size === 1) this.#schedule()
  }

  #seal(batch: Batch): void {
    this.#close(batch)
    this.parts.onSealed(batch)
  }

  #close(batch: Batch): void {
    this.#open.delete(batch.key)
    this.#openCharge -= batch.charge
    if (this.#open.size === 0) this.#stopTimer()
    batch.seal(this.parts.settings.compression)
  }

  #take(bytes: number): void {
    this.#openCharge += bytes
    this.parts.budget.take(bytes)
  }

  #schedule(): void {
    this.#stopTimer()
    const [oldest] = this.#open.values()
    if (oldest === undefined) return
    const { clock, flushInterval } = this.parts.settings
    const delay = Math.max(0, oldest.openedAt + flushInterval - clock.now())
    this.#cancelTimer = clock.after(delay, () => this.#sealDue())
  }

  #sealDue(): void {
    this.#cancelTimer = undefined
    const { clock, flushInterval } = this.parts.settings
    const due = clock.now() - flushInterval
    for (const batch of this.#open.values()) {
      if (batch.openedAt > due) break
      this.#seal(batch)
    }
    if (this.#open.size > 0) this.#schedule()
  }

  #stopTimer(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }
}

function discard(batches: readonly Batch[]): undefined {
  for (const batch of batches) batch.discard()
}
