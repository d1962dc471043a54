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
      else waitInstead(batch, latest)
    }
    this.#latest.set(orderKey, batch)
    batch.orderKeys.add(orderKey)
  }

  /**
   * The batch is settled. Returns those that waited for nothing else. Where it was given up before its turn came, those
   * behind it wait for what it waited for.
   */
  release(batch: Batch): Batch[] {
    if (batch.predecessors.size > 0) {
      for (const successor of batch.successors) {
        successor.predecessors.delete(batch)
        for (const predecessor of batch.predecessors) wait(successor, predecessor)
      }
      batch.successors.clear()
      if (batch.orderKeys.size === 0) waitNoMore(batch)
      return []
    }
    this.#forget(batch)
    const freed: Batch[] = []
    for (const successor of batch.successors) {
      successor.predecessors.delete(batch)
      if (successor.predecessors.size > 0) continue
      if (successor.state === 'blocked') freed.push(successor)
      else if (successor.state === 'settled') this.#forget(successor)
    }
    batch.successors.clear()
    return freed
  }

  #forget(batch: Batch): void {
    for (const orderKey of batch.orderKeys) this.#latest.delete(orderKey)
    batch.orderKeys.clear()
  }
}

function wait(batch: Batch, predecessor: Batch): void {
  predecessor.successors.add(batch)
  batch.predecessors.add(predecessor)
}

/** For what another batch waited for that was given up. */
function waitInstead(batch: Batch, givenUp: Batch): void {
  for (const predecessor of givenUp.predecessors) wait(batch, predecessor)
  if (givenUp.orderKeys.size === 0) waitNoMore(givenUp)
}

function waitNoMore(batch: Batch): void {
  for (const predecessor of batch.predecessors) predecessor.successors.delete(batch)
  batch.predecessors.clear()
}
