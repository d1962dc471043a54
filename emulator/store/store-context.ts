import type { ShardJournal } from './disk/shard-journal'
import type { MemoryBudget } from './memory-budget'
import type { StoreClock } from './store-clock'

/** What all shards of a store share. */
export interface StoreContext {
  readonly clock: StoreClock
  readonly budget: MemoryBudget
  /** Seconds that data is kept, instead of each logstore's ttl. */
  readonly retention: number | undefined
  /** Where a shard's data is written through; undefined: memory only. */
  journal(project: string, logstore: string, shard: number): ShardJournal | undefined
}
