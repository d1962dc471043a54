import type { StoredGroup } from './stored-group'

const COMPACTION = 4096

/** Keeps the bodies in memory, compressed ones as they are, below a limit: the oldest go to where else they stand, or expire. */
export class MemoryBudget {
  #queue: StoredGroup[] = []
  #head = 0
  #used = 0

  /** `limit`: bytes of log data. */
  constructor(readonly limit: number = Number.POSITIVE_INFINITY) {}

  /** Bytes of the bodies in memory. */
  get used(): number {
    return this.#used
  }

  /** To be called with every group that came into memory, in their order. */
  added(group: StoredGroup): void {
    if (this.limit === Number.POSITIVE_INFINITY) return
    this.#used += group.heldSize
    this.#queue.push(group)
    while (this.#used > this.limit && this.#head < this.#queue.length - 1) this.#dropOldest()
    if (this.#head >= COMPACTION) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
  }

  /** To be called with every group in memory that expires. */
  removed(group: StoredGroup): void {
    if (this.limit === Number.POSITIVE_INFINITY) return
    this.#used -= group.heldSize
  }

  #dropOldest(): void {
    const group = this.#queue[this.#head++]
    if (group?.isInMemory !== true) return
    const { heldSize } = group
    if (group.evict()) this.#used -= heldSize
    else group.shard.expireOldest()
  }
}
