import { encodeCursor } from '../client/cursor'
import { SlsError } from '../client/errors'
import type { Shard } from '../client/model'
import type { SourceContext } from './context'
import type { FinishReason } from './events'
import { ancestorsOf } from './lineage'
import type { StartPosition } from './options'
import { type ReaderHost, ShardReader } from './shard-reader'
import { StartFinder } from './start-finder'
import type { Start } from './start-position'

/** A shard that this source reads, or has read. */
interface OwnedShard {
  listed: Shard
  /** The shards before it that are read here as well. */
  ancestors: number[]
  /** Undefined where the shard was finished before this source began. */
  reader: ShardReader | undefined
  finished: FinishReason | undefined
}

/** The shards of one logstore: which of them are read here, from where, and in which order. */
export class LogstoreShards {
  readonly logstore: string
  readonly #context: SourceContext
  readonly #refresh: (isCertain: boolean) => void
  readonly #starts: StartFinder
  readonly #owned = new Map<number, OwnedShard>()
  readonly #unassignable = new Set<number>()
  #wasAbsent: boolean = false
  #isPresent: boolean = false

  /** @param refresh asks for a new listing: at once where something is certain to have changed, else soon */
  constructor(context: SourceContext, logstore: string, refresh: (isCertain: boolean) => void) {
    this.logstore = logstore
    this.#context = context
    this.#refresh = refresh
    this.#starts = new StartFinder(context, logstore)
  }

  get readers(): ShardReader[] {
    return [...this.#owned.values()].flatMap(({ reader }) => reader ?? [])
  }

  /** Nothing more can come of the shards that are read here. */
  get isFinished(): boolean {
    return [...this.#owned.values()].every(({ finished }) => finished !== undefined)
  }

  /** The service knows no such logstore. What was read of it stays, should it come back. */
  absent(): void {
    this.#wasAbsent = true
    if (!this.#isPresent) return
    this.#isPresent = false
    for (const reader of this.readers) void reader.halt()
    this.#tell([], [], [...this.#owned.keys()])
  }

  listed(shards: readonly Shard[]): void {
    const { progress } = this.#context
    for (const shard of shards) if (this.#isReplaced(shard)) this.#forget(shard.shardId)
    if (progress.initialShards(this.logstore) === undefined) {
      progress.setInitialShards(this.logstore, this.#wasAbsent ? [] : shards.map(({ shardId }) => shardId))
    }
    const ids = new Set(shards.map(({ shardId }) => shardId))
    for (const [id, owned] of this.#owned) if (!ids.has(id)) this.#gone(id, owned)
    for (const id of progress.shardsOf(this.logstore)) {
      if (!ids.has(id) && !this.#owned.has(id)) progress.forget(this.logstore, id)
    }
    this.#assign(shards)
  }

  /** Reads again from `position`: one shard or all. The readers that do. */
  seek(position: StartPosition, shard: number | undefined): ShardReader[] {
    const targets = [...this.#owned].filter(([id]) => shard === undefined || id === shard)
    return targets.map(([id, owned]) => {
      this.#context.commits?.allowBack(this.logstore, id)
      return this.#restart(id, owned, (cursors, signal) => this.#starts.seek(id, position, cursors, signal))
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

  #assign(shards: readonly Shard[]): void {
    const before = this.#isPresent ? [...this.#owned.keys()] : []
    this.#isPresent = true
    this.#starts.listed = shards
    for (const shard of shards) {
      const id = shard.shardId
      const owned = this.#owned.get(id)
      if (!this.#owns(shard)) this.#release(id, owned)
      else if (owned === undefined) this.#own(shard)
      else {
        owned.listed = shard
        owned.reader?.update(shard)
      }
    }
    for (const owned of this.#owned.values()) {
      owned.ancestors = ancestorsOf(owned.listed, shards).map(({ shardId }) => shardId)
    }
    for (const reader of this.readers) reader.start()
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

  #own(listed: Shard): void {
    const id = listed.shardId
    const owned: OwnedShard = { listed, ancestors: [], reader: undefined, finished: undefined }
    this.#owned.set(id, owned)
    if (this.#context.progress.of(this.logstore, id)?.finished === true) owned.finished = 'end'
    else
      owned.reader = this.#reader(id, owned, (cursors, signal) => this.#starts.find(listed, cursors, signal))
  }

  #release(id: number, owned: OwnedShard | undefined): void {
    void owned?.reader?.discard()
    this.#context.progress.unfollow(this.logstore, id)
    this.#context.progress.release(this.logstore, id)
    this.#context.commits?.forget(this.logstore, id)
    this.#owned.delete(id)
  }

  /** True where the service has another shard under the number of one that was read. */
  #isReplaced(listed: Shard): boolean {
    const kept = this.#context.progress.of(this.logstore, listed.shardId)
    const known = this.#owned.get(listed.shardId)?.listed
    const createTime = known?.createTime ?? kept?.createTime ?? 0
    if (createTime > 0 && listed.createTime > 0 && createTime !== listed.createTime) return true
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

  /** The shard is not listed any more: its data is too old, or somebody deleted it. */
  #gone(id: number, { reader, finished }: OwnedShard): void {
    if (reader === undefined || finished !== undefined) {
      this.#drop(id)
      return
    }
    const { phase, ledger } = reader
    if (ledger !== undefined && phase !== 'finishing' && phase !== 'finished') {
      const at = encodeCursor(ledger.position)
      const { logstore } = this
      this.#context.emitter.emit('skipped', {
        logstore,
        shard: id,
        from: at,
        to: at,
        groups: undefined,
        seconds: undefined
      })
    }
    void reader.gone()
  }

  #drop(id: number): void {
    this.#owned.delete(id)
    this.#context.progress.forget(this.logstore, id)
    this.#context.commits?.forget(this.logstore, id)
  }

  #restart(id: number, owned: OwnedShard, start: ReaderHost['start']): ShardReader {
    const previous = owned.reader
    void previous?.discard()
    this.#context.progress.unfollow(this.logstore, id)
    const reader = this.#reader(id, owned, start)
    owned.reader = reader
    owned.finished = undefined
    if (this.#isPresent) reader.start()
    return reader
  }

  #reader(id: number, owned: OwnedShard, start: ReaderHost['start']): ShardReader {
    const { logstore } = this
    const { checkpoints } = this.#context
    const host: ReaderHost = {
      start,
      settleStart: (position, signal) => checkpoints.settleStart(logstore, id, position, signal),
      mayBegin: () => !this.#context.settings.inOrder || owned.ancestors.every((each) => this.#isDone(each)),
      ended: () => this.#refresh(true),
      finished: (reason) => this.#finished(id, owned, reason),
      suspect: (isCertain) => this.#refresh(isCertain),
      restart: (restart: Start) => void this.#restart(id, owned, async () => restart)
    }
    return new ShardReader(this.#context, host, logstore, owned.listed)
  }

  /** A shard that is read elsewhere does not hold up those that are read here. */
  #isDone(id: number): boolean {
    const owned = this.#owned.get(id)
    return owned === undefined || owned.finished !== undefined
  }

  #finished(shard: number, owned: OwnedShard, reason: FinishReason): void {
    const { logstore } = this
    const cursor = owned.reader?.cursor ?? ''
    owned.finished = reason
    this.#context.emitter.emit('finished', { logstore, shard, cursor, reason })
    if (reason === 'gone') this.#drop(shard)
    else this.#context.checkpoints.hurry()
    this.#context.changed.changed()
  }
}
