import type { Batch, BatchState } from './batch'

/** Batches that are sealed and not settled, the oldest first. */
export class SealedBatches {
  readonly #all = new Set<Batch>()
  /** Of these, those whose last call failed. */
  readonly #failing = new Set<Batch>()
  #sendingCharge = 0

  get size(): number {
    return this.#all.size
  }

  /** What batches with a call on the wire take of the buffer. */
  get sendingCharge(): number {
    return this.#sendingCharge
  }

  /** The last call of one of them failed. */
  get anyFailing(): boolean {
    return this.#failing.size > 0
  }

  [Symbol.iterator](): IterableIterator<Batch> {
    return this.#all.values()
  }

  /** The oldest that is neither on the wire nor on its way to disk, nor from there. */
  oldestIdle(): Batch | undefined {
    for (const batch of this.#all) if (isIdle(batch)) return batch
    return undefined
  }

  /** Those that could go to disk now, the oldest first. */
  *spoolable(): Iterable<Batch> {
    for (const batch of this.#all) if (isIdle(batch) && batch.predecessors.size === 0) yield batch
  }

  add(batch: Batch): void {
    this.#all.add(batch)
  }

  turn(batch: Batch, state: BatchState): void {
    if (batch.state === 'sending') this.#sendingCharge -= batch.charge
    if (state === 'sending') this.#sendingCharge += batch.charge
    batch.state = state
  }

  failed(batch: Batch): void {
    this.#failing.add(batch)
  }

  /** Its last call did not fail, or does not matter any more. */
  recovered(batch: Batch): void {
    this.#failing.delete(batch)
  }

  /** It is settled, or goes back to where it came from. */
  remove(batch: Batch): void {
    this.turn(batch, 'settled')
    batch.cancelDelay?.()
    this.#all.delete(batch)
    this.#failing.delete(batch)
  }
}

/** Neither on the wire nor on its way to disk, nor from there. */
export function isIdle({ state, stored }: Batch): boolean {
  return stored === undefined && state !== 'sending' && state !== 'spooling' && state !== 'settled'
}
