import { decodeCursor, encodeCursor } from '../client/cursor'
import { SlsError } from '../client/errors'
import { Condition } from './condition'
import type { ConsumerGroupPlace } from './consumer-group'
import { isConsumerAbsent, isConsumerReplaced, isGroupAbsent, isShardAbsent } from './error-kinds'
import type { SourceEmitter } from './events'
import type { PersistentCalls } from './persistent-calls'
import type { SourceClient } from './source-client'

interface ShardCommits {
  readonly logstore: string
  readonly shard: number
  /** Where the group's checkpoint stands, as far as is known. */
  committed: bigint | undefined
  /** Where it stood when the shard was lost. */
  known: bigint | undefined
  /** The group was asked. */
  isLearnt: boolean
  wanted: bigint | undefined
  /** The next commit may go back: somebody asked for it. */
  mayGoBack: boolean
  running: boolean
  /** The next commit needs no owner: the group is new. */
  mayForce: boolean
  /** Counts what makes an attempt that is under way out of date: a loss, a step back, a new group. */
  turns: number
  /** What the last attempt failed with. */
  failure: SlsError | undefined
}

/** In whose name commits are made, so that the service refuses those of somebody who has lost the shard. */
export interface CommitFence {
  readonly consumer: string
  /** @param isForgotten the service does not know the consumer any more; else another has the shard */
  refused(logstore: string, shard: number, isForgotten: boolean): void
}

/**
 * Moves the checkpoints of the consumer group: only where they differ from what is wanted, never backwards, one call
 * in flight a shard, each shard for itself. What fails is tried again, with what is wanted by then.
 */
export class Commits {
  readonly #group: ConsumerGroupPlace
  readonly #client: SourceClient
  readonly #calls: PersistentCalls
  readonly #emitter: SourceEmitter
  readonly #signal: AbortSignal
  readonly #fence: CommitFence | undefined
  readonly #shards = new Map<string, ShardCommits>()
  readonly #changed = new Condition()

  constructor(
    group: ConsumerGroupPlace,
    client: SourceClient,
    calls: PersistentCalls,
    emitter: SourceEmitter,
    signal: AbortSignal,
    fence?: CommitFence
  ) {
    this.#group = group
    this.#client = client
    this.#calls = calls
    this.#emitter = emitter
    this.#signal = signal
    this.#fence = fence
  }

  committed(logstore: string, shard: number): bigint | undefined {
    return this.#shards.get(keyOf(logstore, shard))?.committed
  }

  /** The group's checkpoint stands at `cursor`. */
  learn(logstore: string, shard: number, cursor: string): void {
    const shardCommits = this.#of(logstore, shard)
    shardCommits.isLearnt = true
    if (shardCommits.committed !== undefined && shardCommits.wanted !== undefined) return
    try {
      shardCommits.committed = decodeCursor(cursor)
    } catch {
      // What nobody can read is no progress: the next commit replaces it.
    }
  }

  /** The next commit of the shard may go back, because the reading does. */
  allowBack(logstore: string, shard: number): void {
    const shardCommits = this.#of(logstore, shard)
    shardCommits.mayGoBack = true
    shardCommits.wanted = undefined
    shardCommits.turns++
  }

  /** Nothing is committed for the shard any more: another may have it. */
  release(logstore: string, shard: number): void {
    this.#leave(logstore, shard, (each) => place(each))
  }

  /** The shard is not there any more. */
  forget(logstore: string, shard: number): void {
    this.#leave(logstore, shard, () => undefined)
  }

  /** The shards of which a checkpoint is known that the group does not have: somebody deleted the group. */
  async lacking(logstore: string): Promise<number[]> {
    const checkpoints = await this.#group.checkpoints(logstore)
    return [...this.#shards.values()]
      .filter(
        (each) => each.logstore === logstore && !checkpoints.has(each.shard) && place(each) !== undefined
      )
      .map(({ shard }) => shard)
  }

  /** Gives back to a new group what is known of shards that nobody has yet. Never rejects. */
  async restore(logstore: string, shards: readonly number[], signal: AbortSignal): Promise<void> {
    const lost = shards.map((shard) => this.#of(logstore, shard))
    for (const each of lost) {
      const position = place(each)
      if (position === undefined) continue
      this.#startAnew(each)
      this.request(logstore, each.shard, position)
    }
    await this.#changed.until(() => lost.every((each) => !each.running), signal).catch(() => undefined)
    for (const { shard } of lost) this.release(logstore, shard)
  }

  /** Asks for a commit; returns at once. */
  request(logstore: string, shard: number, position: bigint): void {
    if (this.#signal.aborted) return
    const shardCommits = this.#of(logstore, shard)
    shardCommits.wanted = position
    if (shardCommits.running || !isOutstanding(shardCommits)) return
    shardCommits.running = true
    void this.#commit(shardCommits)
  }

  /**
   * Resolves when all that was asked for is committed.
   * @throws SlsError what one of them failed with (it is tried again all the same), or `Aborted`
   */
  async settled(signal: AbortSignal): Promise<void> {
    const shards = [...this.#shards.values()]
    for (const each of shards) each.failure = undefined
    const failure = () => shards.find((each) => each.running && each.failure !== undefined)?.failure
    await this.#changed.until(() => failure() !== undefined || shards.every((each) => !each.running), signal)
    const error = failure()
    if (error !== undefined) throw error
  }

  /** Resolves when nothing is left to commit, however often that has to be tried, or when the signal is aborted. */
  async idle(signal: AbortSignal): Promise<void> {
    const running = () => [...this.#shards.values()].some((each) => each.running && each.wanted !== undefined)
    await this.#changed.until(() => !running(), signal).catch(() => undefined)
  }

  /**
   * Resolves when nothing is left to commit for a shard.
   * @throws SlsError `Aborted` when the signal is aborted
   */
  async idleOf(logstore: string, shard: number, signal: AbortSignal): Promise<void> {
    const each = this.#shards.get(keyOf(logstore, shard))
    await this.#changed.until(() => each?.running !== true, signal)
  }

  #of(logstore: string, shard: number): ShardCommits {
    const key = keyOf(logstore, shard)
    const known = this.#shards.get(key)
    if (known !== undefined) return known
    const created: ShardCommits = { logstore, shard, ...nothingKnown, running: false, turns: 0 }
    this.#shards.set(key, created)
    return created
  }

  #leave(logstore: string, shard: number, known: (each: ShardCommits) => bigint | undefined): void {
    const each = this.#shards.get(keyOf(logstore, shard))
    if (each === undefined) return
    Object.assign(each, nothingKnown, { known: known(each), turns: each.turns + 1 })
    this.#dropIfUnknown(each)
    this.#changed.changed()
  }

  /** An attempt that is under way is waited for by whoever commits next. */
  #dropIfUnknown(each: ShardCommits): void {
    const isUnknown = each.wanted === undefined && place(each) === undefined && !each.mayGoBack
    if (isUnknown && !each.running) this.#shards.delete(keyOf(each.logstore, each.shard))
  }

  async #commit(shardCommits: ShardCommits): Promise<void> {
    try {
      while (isOutstanding(shardCommits)) {
        if (shardCommits.isLearnt) await this.#commitOnce(shardCommits)
        else await this.#learn(shardCommits)
      }
    } catch {
      // Only the end of the source ends the attempts.
    } finally {
      shardCommits.running = false
      shardCommits.mayForce = false
      this.#dropIfUnknown(shardCommits)
      this.#changed.changed()
    }
  }

  /** Before the first commit: the checkpoint may be further than what is known here. */
  async #learn(shardCommits: ShardCommits): Promise<void> {
    const { logstore, turns } = shardCommits
    const checkpoints = await this.#group.checkpoints(logstore)
    if (turns !== shardCommits.turns) return
    for (const { shard, cursor } of checkpoints.values()) this.learn(logstore, shard, cursor)
    shardCommits.isLearnt = true
  }

  async #commitOnce(shardCommits: ShardCommits): Promise<void> {
    const { logstore, shard, turns } = shardCommits
    let position = 0n
    const call = async () => {
      const { wanted } = shardCommits
      if (wanted === undefined || turns !== shardCommits.turns) return
      position = wanted
      const cursor = encodeCursor(position)
      const consumer = shardCommits.mayForce ? undefined : this.#fence?.consumer
      const force = consumer === undefined
      const request = { logstore, group: this.#group.name, shard, cursor, consumer, force }
      await this.#client.updateCheckpoint(request, this.#signal)
      if (turns !== shardCommits.turns) return
      shardCommits.committed = position
      shardCommits.mayGoBack = false
      shardCommits.mayForce = false
      shardCommits.failure = undefined
      this.#emitter.emit('commit', { logstore, shard, cursor })
    }
    try {
      await this.#calls.run({ api: 'updateCheckpoint', logstore, shard }, call, this.#signal, {
        giveUp: isFinal,
        onFailure: (error, delay) => {
          shardCommits.failure = error
          this.#emitter.emit('commitFailed', {
            logstore,
            shard,
            cursor: encodeCursor(position),
            error,
            delay
          })
          this.#changed.changed()
        }
      })
    } catch (error) {
      if (!(error instanceof SlsError) || this.#signal.aborted) throw error
      if (isGroupAbsent(error) && (this.#fence === undefined || shardCommits.mayForce)) {
        await this.#group.create(logstore)
        this.#startAnew(shardCommits)
        return
      }
      if (turns !== shardCommits.turns) return
      if (isShardAbsent(error)) {
        this.forget(logstore, shard)
        return
      }
      this.release(logstore, shard)
      this.#fence?.refused(logstore, shard, isConsumerAbsent(error) || isGroupAbsent(error))
    } finally {
      // Nobody knows whether what is out of date came before what was learnt since.
      if (turns !== shardCommits.turns) {
        shardCommits.isLearnt = false
        shardCommits.committed = undefined
      }
    }
  }

  /** A group that was created anew knows nothing of the shard, nor of who reads it. */
  #startAnew(shardCommits: ShardCommits): void {
    shardCommits.isLearnt = false
    shardCommits.committed = undefined
    shardCommits.mayForce = true
    shardCommits.turns++
  }
}

const nothingKnown = {
  committed: undefined,
  known: undefined,
  isLearnt: false,
  wanted: undefined,
  mayGoBack: false,
  mayForce: false,
  failure: undefined
}

/** Nothing that another attempt would change. */
function isFinal(error: SlsError): boolean {
  return isGroupAbsent(error) || isShardAbsent(error) || isConsumerAbsent(error) || isConsumerReplaced(error)
}

/** How far the group came, or is to come, as far as is known. */
function place({ wanted, committed, known, mayGoBack }: ShardCommits): bigint | undefined {
  if (wanted === undefined || committed === undefined) return wanted ?? committed ?? known
  return mayGoBack || wanted > committed ? wanted : committed
}

function isOutstanding({ wanted, committed, mayGoBack }: ShardCommits): boolean {
  if (wanted === undefined || wanted === committed) return false
  return committed === undefined || mayGoBack || wanted > committed
}

function keyOf(logstore: string, shard: number): string {
  return `${logstore}/${shard}`
}
