import { decodeCursor, encodeCursor } from '../client/cursor'
import { SlsError } from '../client/errors'
import type { Shard } from '../client/model'
import type { SourceContext } from './context'
import { CursorRefusals } from './cursor-reset'
import type { FinishReason } from './events'
import { ancestorsOf } from './lineage'
import type { DefaultPosition, StartPosition } from './options'
import { Parents } from './parents'
import type { ReaderHost } from './reader-host'
import { handOverShard } from './shard-hand-over'
import { ShardReader } from './shard-reader'
import { StartFinder } from './start-finder'
import type { Start } from './start-position'

/** A shard that this source reads, or has read. */
interface OwnedShard {
  listed: Shard
  /** Undefined where the shard was finished before this source began. */
  reader: ShardReader | undefined
  finished: FinishReason | undefined
  /** It goes to another reader and is not read on. */
  isLeaving: boolean
}

/** Listings in a row that must lack a shard before it counts as gone: a single one may come from a stale cache. */
const missesOfGone = 2

/** The shards of one logstore: which of them are read here, from where, and in which order. */
export class LogstoreShards {
  readonly logstore: string
  readonly #context: SourceContext
  readonly #refresh: (isCertain: boolean) => void
  readonly #starts: StartFinder
  readonly #parents: Parents
  readonly #owned = new Map<number, OwnedShard>()
  readonly #ancestors = new Map<number, readonly Shard[]>()
  readonly #misses = new Map<number, number>()
  readonly #unassignable = new Set<number>()
  /** The latest listing. */
  #listing: readonly Shard[] = []
  /** Where to begin with what is assigned first. */
  #sought: StartPosition | undefined
  #wasAbsent: boolean = false
  #isPresent: boolean = false

  /** @param refresh asks for a new listing: at once where something is certain to have changed, else soon */
  constructor(context: SourceContext, logstore: string, refresh: (isCertain: boolean) => void) {
    this.logstore = logstore
    this.#context = context
    this.#refresh = refresh
    this.#starts = new StartFinder(context, logstore)
    this.#parents = new Parents(context, logstore, {
      ancestorsOf: (shard) => this.#ancestors.get(shard) ?? [],
      isFinishedHere: (shard) => {
        const owned = this.#owned.get(shard)
        return owned && owned.finished !== undefined
      }
    })
  }

  get readers(): ShardReader[] {
    return [...this.#owned.values()].flatMap(({ reader }) => reader ?? [])
  }

  /** Nothing more can come of the shards that are read here. */
  get isFinished(): boolean {
    if (this.#isPresent && !this.#context.assigner.isSettled(this.logstore)) return false
    return [...this.#owned.values()].every(({ finished }) => finished !== undefined)
  }

  /** The service knows no such logstore. What was read of it stays, should it come back. */
  absent(): void {
    this.#wasAbsent = true
    this.#context.assigner.absent(this.logstore)
    if (!this.#isPresent) return
    this.#isPresent = false
    for (const reader of this.readers) void reader.halt()
    this.#tell([], [], [...this.#owned.keys()])
  }

  /** @param sought where all shards of this listing begin, if somebody asked for it */
  listed(shards: readonly Shard[], sought?: StartPosition): void {
    const { progress } = this.#context
    for (const shard of shards) if (this.#isReplaced(shard)) this.#forget(shard.shardId)
    if (progress.initialShards(this.logstore) === undefined) {
      progress.setInitialShards(this.logstore, this.#wasAbsent ? [] : shards.map(({ shardId }) => shardId))
    }
    this.#dropMissing(shards)
    this.#wasAbsent = false
    const known = new Set(this.#listing.map(({ shardId }) => shardId))
    const isGrown = known.size > 0 && shards.some(({ shardId }) => !known.has(shardId))
    if (isGrown) this.#context.membership?.hasten(this.logstore)
    this.#listing = shards
    this.#sought = sought ?? this.#sought
    this.#assign()
  }

  /** Other shards are assigned to this reader. */
  reassign(): void {
    if (this.#wasAbsent || this.#listing.length === 0) return
    this.#assign()
    const listed = new Set(this.#listing.map(({ shardId }) => shardId))
    const { assigner } = this.#context
    if (assigner.held(this.logstore).some((shard) => !listed.has(shard))) this.#refresh(true)
  }

  /** The shard is read to its end, as far as is known. */
  hasFinished(shard: number): boolean {
    return this.#owned.get(shard)?.finished !== undefined
  }

  /** See `handOverShard`. */
  async handOver(id: number, signal: AbortSignal): Promise<void> {
    const owned = this.#owned.get(id)
    if (owned?.reader === undefined) return
    owned.isLeaving = true
    await handOverShard(this.#context, owned.reader, signal)
  }

  reads(shard: number): boolean {
    return this.#owned.has(shard)
  }

  /** Reads again from `position`: one shard or all. The readers that do. */
  seek(position: StartPosition, shard: number | undefined): ShardReader[] {
    return this.#targets(shard).map(([id, owned]) => {
      this.#context.commits?.allowBack(this.logstore, id)
      return this.#restart(id, owned, (cursors, signal) => this.#starts.seek(id, position, cursors, signal))
    })
  }

  /** Reads what lies between two positions once more, then goes on where reading stands. The readers that do. */
  replay(from: DefaultPosition, to: DefaultPosition, shard: number | undefined): ShardReader[] {
    return this.#targets(shard).map(([id, owned]) => {
      const reached = owned.reader?.reached
      return this.#restart(id, owned, async (cursors, signal) => {
        const current = reached ?? (await this.#starts.find(owned.listed, cursors, signal))
        return this.#starts.replay(current, from, to, cursors, signal)
      })
    })
  }

  /** Begins again as if nothing had been read here. The readers that do. */
  forget(shard: number | undefined): ShardReader[] {
    if (shard === undefined) {
      this.#context.progress.setInitialShards(this.logstore, [...this.#owned.keys()])
    }
    return this.#targets(shard).map(([id, owned]) => {
      void owned.reader?.discard()
      this.#context.progress.forget(this.logstore, id)
      return this.#restart(id, owned, (cursors, signal) => this.#starts.find(owned.listed, cursors, signal))
    })
  }

  /** Stops fetching. Never rejects. */
  async halt(): Promise<void> {
    await Promise.all(this.readers.map((reader) => reader.halt()))
  }

  /** Makes late acknowledgements void. Never rejects. */
  async discard(): Promise<void> {
    await Promise.all(this.readers.map((reader) => reader.discard()))
  }

  #targets(shard: number | undefined): [number, OwnedShard][] {
    return [...this.#owned].filter(
      ([id, { isLeaving }]) => !isLeaving && (shard === undefined || id === shard)
    )
  }

  #assign(): void {
    if (!this.#context.assigner.isReady(this.logstore)) return
    const shards = this.#listing
    const sought = this.#sought
    this.#sought = undefined
    const before = this.#isPresent ? [...this.#owned.keys()] : []
    this.#isPresent = true
    this.#starts.listed = shards
    for (const shard of shards) {
      const owned = this.#owned.get(shard.shardId)
      this.#ancestors.set(shard.shardId, ancestorsOf(shard, shards))
      if (!this.#owns(shard)) this.#release(shard.shardId, owned)
      else if (owned === undefined) this.#own(shard, sought)
      else if (owned.listed.status === 'readwrite') {
        owned.listed = shard
        owned.reader?.update(shard)
      }
    }
    for (const { reader, isLeaving } of this.#owned.values()) if (!isLeaving) reader?.start()
    const after = [...this.#owned.keys()]
    const added = after.filter((id) => !before.includes(id))
    const removed = before.filter((id) => !after.includes(id))
    if (added.length > 0 || removed.length > 0) this.#tell(after, added, removed)
    this.#context.changed.changed()
  }

  #tell(owned: number[], added: number[], removed: number[]): void {
    this.#context.emitter.emit('shards', { logstore: this.logstore, owned, added, removed })
  }

  #owns(shard: Shard): boolean {
    try {
      return this.#context.assigner.owns(this.logstore, shard)
    } catch (error) {
      if (!(error instanceof SlsError)) throw error
      const { logstore } = this
      const { shardId } = shard
      if (!this.#unassignable.has(shardId)) {
        this.#unassignable.add(shardId)
        this.#context.emitter.emit('error', { api: 'assignShards', logstore, shard: shardId, error })
      }
      return false
    }
  }

  #own(listed: Shard, sought: StartPosition | undefined): void {
    const id = listed.shardId
    const { progress, commits } = this.#context
    const owned: OwnedShard = { listed, reader: undefined, finished: undefined, isLeaving: false }
    this.#owned.set(id, owned)
    const kept = progress.of(this.logstore, id)
    if (sought !== undefined) {
      commits?.allowBack(this.logstore, id)
      owned.reader = this.#reader(id, owned, (cursors, signal) =>
        this.#starts.seek(id, sought, cursors, signal)
      )
    } else if (kept?.finished === true) {
      owned.finished = 'end'
      commits?.request(this.logstore, id, decodeCursor(kept.cursor))
    } else {
      owned.reader = this.#reader(id, owned, (cursors, signal) => this.#starts.find(listed, cursors, signal))
    }
  }

  #release(id: number, owned: OwnedShard | undefined): void {
    void owned?.reader?.discard()
    this.#context.progress.unfollow(this.logstore, id)
    this.#context.progress.release(this.logstore, id)
    this.#context.commits?.release(this.logstore, id)
    this.#owned.delete(id)
  }

  /**
   * True where the service has another shard under the number of one that was read. A readonly shard never takes
   * writes again, but only a listing that is not stale proves that.
   */
  #isReplaced(listed: Shard): boolean {
    const kept = this.#context.progress.of(this.logstore, listed.shardId)
    const known = this.#owned.get(listed.shardId)?.listed
    const createTime = known?.createTime ?? kept?.createTime ?? 0
    const isDated = createTime > 0 && listed.createTime > 0
    if (isDated && createTime !== listed.createTime) return true
    if (isDated && !this.#wasAbsent) return false
    return listed.status === 'readwrite' && (kept?.finished === true || known?.status === 'readonly')
  }

  /** The shard was born anew, so the logstore was. */
  #forget(id: number): void {
    void this.#owned.get(id)?.reader?.discard()
    this.#owned.delete(id)
    this.#context.progress.forget(this.logstore, id)
    this.#context.progress.setInitialShards(this.logstore, [])
    this.#context.commits?.forget(this.logstore, id)
  }

  /** Lets go of the shards whose data is too old, or that somebody deleted. */
  #dropMissing(shards: readonly Shard[]): void {
    const { progress } = this.#context
    const listed = new Set(shards.map(({ shardId }) => shardId))
    for (const id of listed) this.#misses.delete(id)
    for (const id of new Set([...this.#owned.keys(), ...progress.shardsOf(this.logstore)])) {
      if (listed.has(id)) continue
      const misses = (this.#misses.get(id) ?? 0) + 1
      this.#misses.set(id, misses)
      if (misses < missesOfGone && !this.#wasAbsent) this.#refresh(false)
      else this.#gone(id)
    }
  }

  #gone(id: number): void {
    const { reader, finished } = this.#owned.get(id) ?? {}
    if (reader === undefined || finished !== undefined) {
      this.#drop(id)
      return
    }
    const { phase, ledger } = reader
    if (ledger !== undefined && phase !== 'finishing' && phase !== 'finished') {
      const { logstore } = this
      const at = encodeCursor(ledger.position)
      const span = { policy: undefined, from: at, to: at, groups: undefined, seconds: undefined }
      this.#context.emitter.emit('skipped', { logstore, shard: id, ...span })
    }
    void reader.gone()
  }

  #drop(id: number): void {
    this.#owned.delete(id)
    this.#ancestors.delete(id)
    this.#misses.delete(id)
    this.#context.progress.forget(this.logstore, id)
    this.#context.commits?.forget(this.logstore, id)
  }

  #restart(
    id: number,
    owned: OwnedShard,
    start: ReaderHost['start'],
    refusals?: CursorRefusals
  ): ShardReader {
    void owned.reader?.discard()
    this.#context.progress.unfollow(this.logstore, id)
    const reader = this.#reader(id, owned, start, refusals)
    owned.reader = reader
    owned.finished = undefined
    if (this.#isPresent) reader.start()
    return reader
  }

  #reader(
    id: number,
    owned: OwnedShard,
    start: ReaderHost['start'],
    refusals = new CursorRefusals()
  ): ShardReader {
    const { logstore } = this
    const { checkpoints } = this.#context
    const host: ReaderHost = {
      start,
      refusals,
      settleStart: (position, signal) => checkpoints.settle(logstore, id, position, signal),
      mayBegin: () => this.#parents.areFinished(id),
      mayBeginAtLast: (signal) => this.#parents.finished(id, signal),
      ended: () => this.#refresh(true),
      finished: (reason) => this.#finished(id, owned, reason),
      suspect: (isCertain) => this.#refresh(isCertain),
      restart: (restart: Start) => {
        const isRead = this.#owned.get(id) === owned && !owned.isLeaving
        if (isRead) this.#restart(id, owned, async () => restart, refusals)
      }
    }
    return new ShardReader(this.#context, host, logstore, owned.listed)
  }

  #finished(shard: number, owned: OwnedShard, reason: FinishReason): void {
    const { logstore } = this
    owned.finished = reason
    this.#context.emitter.emit('finished', { logstore, shard, cursor: owned.reader?.cursor ?? '', reason })
    if (reason === 'gone') this.#drop(shard)
    else this.#context.checkpoints.hurry()
    this.#context.changed.changed()
  }
}
