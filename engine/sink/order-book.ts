import type { Batch } from './batch'

/**
 * Keeps logs of one order key in the order written: remembers in which batch the latest of them are, and makes the
 * next batch with that key wait for it. A batch that is waited for must take no more logs, so that no two batches
 * ever wait for each other.
 */
export class OrderBook {
  readonly #latest = new Map<string, Batch>()

  get size(): number {
    return this.#latest.size
  }

  /** The open batch that must be sealed before logs of `orderKey` go into `batch`, if there is one. */
  openBefore(orderKey: string, batch: Batch | undefined): Batch | undefined {
    const latest = this.#latest.get(orderKey)
    return latest !== batch && latest?.state === 'open' ? latest : undefined
  }

  /** Logs of `orderKey` go into `batch` now. */
  follow(orderKey: string, batch: Batch): void {
    const latest = this.#latest.get(orderKey)
    if (latest === batch) return
    if (latest !== undefined) {
      latest.orderKeys.delete(orderKey)
      latest.successors.add(batch)
      batch.predecessors.add(latest)
    }
    this.#latest.set(orderKey, batch)
    batch.orderKeys.add(orderKey)
  }

  /** The batch is settled. Returns those that waited for nothing else. */
  release(batch: Batch): Batch[] {
    for (const orderKey of batch.orderKeys) this.#latest.delete(orderKey)
    batch.orderKeys.clear()
    const freed: Batch[] = []
    for (const successor of batch.successors) {
      successor.predecessors.delete(batch)
      if (successor.predecessors.size === 0 && successor.state === 'blocked') freed.push(successor)
    }
    batch.successors.clear()
    return freed
  }
}
