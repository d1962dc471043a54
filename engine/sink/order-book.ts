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
      if (latest.state !== 'settled') wait(batch, latest)
      else inherit(batch, latest)
      this.#forgetIdle(latest)
    }
    this.#latest.set(orderKey, batch)
    batch.orderKeys.add(orderKey)
  }

  /**
   * The batch is settled. Returns those that waited for nothing else. Where it was given up before its turn came, those
   * behind it wait for what it waited for.
   */
  release(batch: Batch): Batch[] {
    const freed: Batch[] = []
    for (const successor of batch.successors) {
      successor.predecessors.delete(batch)
      inherit(successor, batch)
      this.#forgetIdle(successor)
      if (successor.predecessors.size === 0 && successor.state === 'blocked') freed.push(successor)
    }
    batch.successors.clear()
    this.#forgetIdle(batch)
    return freed
  }

  /** A settled batch is remembered only while the next batch of one of its keys must wait for what it waited for. */
  #forgetIdle(batch: Batch): void {
    if (batch.state !== 'settled') return
    if (batch.predecessors.size === 0) {
      for (const orderKey of batch.orderKeys) this.#latest.delete(orderKey)
      batch.orderKeys.clear()
    } else if (batch.orderKeys.size === 0) {
      for (const predecessor of batch.predecessors) predecessor.successors.delete(batch)
      batch.predecessors.clear()
    }
  }
}

function wait(batch: Batch, predecessor: Batch): void {
  predecessor.successors.add(batch)
  batch.predecessors.add(predecessor)
}

/** Waits for what another batch waited for that was given up. */
function inherit(batch: Batch, givenUp: Batch): void {
  for (const predecessor of givenUp.predecessors) wait(batch, predecessor)
}
