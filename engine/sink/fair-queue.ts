import type { Batch } from './batch'
import { DispatchQueue, type Waits } from './dispatch-queue'

/** Bytes by which logs from disk may get ahead of others, or behind, before it is made up for. */
const LARGEST_LEAD = 1024 * 1024

/** Batches ready to be sent, fresh ones and those from disk: while both wait, each gets half of the bytes. */
export class FairQueue {
  readonly #fresh = new DispatchQueue()
  /** Of batches from disk. */
  readonly #backlog = new DispatchQueue()
  /** Bytes from disk minus other bytes that were sent while both were waiting. */
  #backlogLead = 0

  push(batch: Batch): void {
    this.#queueOf(batch).push(batch)
  }

  pushFront(batch: Batch): void {
    this.#queueOf(batch).pushFront(batch)
  }

  /** Takes the batch to send now; where there is none, tells in how many milliseconds there may be one. */
  take(waits: Waits): Batch | number {
    const preferred = this.#backlogLead < 0 ? this.#backlog : this.#fresh
    const other = preferred === this.#fresh ? this.#backlog : this.#fresh
    const first = preferred.take(waits)
    if (typeof first !== 'number') return first
    const second = other.take(waits)
    return typeof second === 'number' ? Math.min(first, second) : second
  }

  /** So many bytes of the batch are sent. */
  sent({ stored }: Batch, bytes: number): void {
    const lead = this.#backlogLead + (stored === undefined ? -bytes : bytes)
    this.#backlogLead = Math.min(Math.max(lead, -LARGEST_LEAD), LARGEST_LEAD)
  }

  /** Forgets the batch, which is not queued any more, and others like it as far as they stand in front. */
  prune(batch: Batch): void {
    this.#queueOf(batch).prune(batch.frame)
  }

  clear(): void {
    this.#fresh.clear()
    this.#backlog.clear()
  }

  #queueOf({ stored }: Batch): DispatchQueue {
    return stored === undefined ? this.#fresh : this.#backlog
  }
}
