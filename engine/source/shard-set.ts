import type { Shard } from '../client/model'
import type { SourceContext } from './context'
import type { DiscoveryListener } from './discovery'
import { LogstoreShards } from './logstore-shards'
import type { DefaultPosition, StartPosition } from './options'
import type { ShardReader } from './shard-reader'

/** All shards of all logstores that a source reads. */
export class ShardSet implements DiscoveryListener {
  readonly #context: SourceContext
  readonly #refresh: (logstore: string, isCertain: boolean) => void
  readonly #logstores = new Map<string, LogstoreShards>()
  /** Where to begin with what is found first: somebody asked for it when nothing was known yet. */
  #sought: StartPosition | undefined
  readonly #listed = new Set<string>()

  /** @param refresh asks for a new listing: at once where something is certain to have changed, else soon */
  constructor(context: SourceContext, refresh: (logstore: string, isCertain: boolean) => void) {
    this.#context = context
    this.#refresh = refresh
  }

  get readers(): ShardReader[] {
    return [...this.#logstores.values()].flatMap(({ readers }) => readers)
  }

  get isFinished(): boolean {
    return [...this.#logstores.values()].every(({ isFinished }) => isFinished)
  }

  async listed(logstore: string, shards: readonly Shard[]): Promise<void> {
    await this.#context.assigner.prepare(logstore, shards)
    const sought = this.#listed.has(logstore) ? undefined : this.#sought
    this.#listed.add(logstore)
    this.#of(logstore).listed(shards, sought)
  }

  absent(logstore: string): void {
    this.#listed.add(logstore)
    this.#of(logstore).absent()
    this.#context.changed.changed()
  }

  /** Other shards of a logstore are assigned to this reader. */
  reassign(logstore: string): void {
    this.#logstores.get(logstore)?.reassign()
  }

  hasFinished(logstore: string, shard: number): boolean {
    return this.#logstores.get(logstore)?.hasFinished(shard) === true
  }

  /** See LogstoreShards. */
  async handOver(logstore: string, shard: number, signal: AbortSignal): Promise<void> {
    await this.#logstores.get(logstore)?.handOver(shard, signal)
  }

  reads({ logstore, shard }: { logstore: string; shard: number }): boolean {
    return this.#logstores.get(logstore)?.reads(shard) === true
  }

  /** Begins again at `position`, with all shards or one; the readers that do. */
  seek(position: StartPosition, shard?: { logstore: string; shard: number }): ShardReader[] {
    if (shard !== undefined) return this.#logstores.get(shard.logstore)?.seek(position, shard.shard) ?? []
    if (this.#listed.size === 0) this.#sought = position
    return [...this.#logstores.values()].flatMap((each) => each.seek(position, undefined))
  }

  /** The shards of at least one logstore are known, or that there are none. */
  get isListed(): boolean {
    return this.#listed.size > 0
  }

  /** Reads a range once more, of all shards or one; the readers that do. */
  replay(
    from: DefaultPosition,
    to: DefaultPosition,
    shard?: { logstore: string; shard: number }
  ): ShardReader[] {
    return this.#with(shard).flatMap((each) => each.replay(from, to, shard?.shard))
  }

  /** Begins again as if nothing had been read, with all shards or one; the readers that do. */
  forget(shard?: { logstore: string; shard: number }): ShardReader[] {
    return this.#with(shard).flatMap((each) => each.forget(shard?.shard))
  }

  /** Stops fetching. Never rejects. */
  async halt(): Promise<void> {
    await Promise.all([...this.#logstores.values()].map((each) => each.halt()))
  }

  /** Makes late acknowledgements void. Never rejects. */
  async discard(): Promise<void> {
    await Promise.all([...this.#logstores.values()].map((each) => each.discard()))
  }

  /** The logstore of a shard, or all. */
  #with(shard: { logstore: string } | undefined): LogstoreShards[] {
    return [...this.#logstores.values()].filter(
      ({ logstore }) => shard === undefined || shard.logstore === logstore
    )
  }

  #of(logstore: string): LogstoreShards {
    const known = this.#logstores.get(logstore)
    if (known !== undefined) return known
    const created = new LogstoreShards(this.#context, logstore, (isCertain) =>
      this.#refresh(logstore, isCertain)
    )
    this.#logstores.set(logstore, created)
    return created
  }
}
