import { decodeCursor } from '../client/cursor'
import { SlsError } from '../client/errors'
import type { Shard } from '../client/model'
import { abortable } from './condition'
import type { SourceContext } from './context'
import { ShardCursors } from './shard-cursors'

/** ms between looks at what other readers have committed. */
const lookInterval = 1000

/** ms after which somebody is told that a shard waits for another reader. */
const patience = 60_000

export interface ParentsHost {
  /** The shards before it that are listed now. */
  ancestorsOf(shard: number): readonly Shard[]
  /** Undefined where the shard is not read here; else whether it is finished. */
  isFinishedHere(shard: number): boolean | undefined
}

/**
 * The order between a shard and those that it came from by splits and merges: what is read here must be finished and
 * acknowledged; what is read elsewhere must be committed to its end, as far as there is a consumer group to tell.
 */
export class Parents {
  readonly #context: SourceContext
  readonly #logstore: string
  readonly #host: ParentsHost
  /** Shards that other readers have finished. */
  readonly #finishedElsewhere = new Set<number>()

  constructor(context: SourceContext, logstore: string, host: ParentsHost) {
    this.#context = context
    this.#logstore = logstore
    this.#host = host
  }

  /** Nothing holds the shard up as far as is known. */
  areFinished(shard: number): boolean {
    return this.#own(shard).length === 0 && this.#foreign(shard).length === 0
  }

  /**
   * Resolves when the shard may begin.
   * @throws SlsError `Aborted` when the signal is aborted
   */
  async finished(shard: number, signal: AbortSignal): Promise<void> {
    const since = this.#context.settings.clock.now()
    let isTold = false
    while (!this.areFinished(shard)) {
      await this.#context.changed.until(() => this.#own(shard).length === 0, signal)
      for (const parent of this.#foreign(shard)) await this.#look(parent, signal)
      if (this.areFinished(shard)) return
      if (!isTold && this.#context.settings.clock.now() - since >= patience) {
        isTold = true
        this.#tell(shard)
      }
      await this.#context.settings.clock.delay(lookInterval, signal)
    }
  }

  #own(shard: number): Shard[] {
    return this.#ancestors(shard).filter(({ shardId }) => this.#host.isFinishedHere(shardId) === false)
  }

  #foreign(shard: number): Shard[] {
    if (this.#context.commits === undefined) return []
    return this.#ancestors(shard).filter(
      ({ shardId }) =>
        this.#host.isFinishedHere(shardId) === undefined && !this.#finishedElsewhere.has(shardId)
    )
  }

  #ancestors(shard: number): readonly Shard[] {
    return this.#context.settings.inOrder ? this.#host.ancestorsOf(shard) : []
  }

  /** Whether the group's checkpoint of a shard has reached its end. */
  async #look({ shardId, status }: Shard, signal: AbortSignal): Promise<void> {
    const { client, calls, group } = this.#context
    if (group === undefined || status !== 'readonly') return
    const checkpoint = (await abortable(group.checkpoints(this.#logstore), signal)).get(shardId)
    if (checkpoint === undefined) return
    const end = await new ShardCursors(client, calls, this.#logstore, shardId).at('end', signal)
    if (decodeCursor(checkpoint.cursor) >= end) this.#finishedElsewhere.add(shardId)
  }

  #tell(shard: number): void {
    const parents = this.#foreign(shard).map(({ shardId }) => shardId)
    const error = new SlsError(
      'ParentUnfinished',
      `Shard ${shard} of ${this.#logstore} waits for shard ${parents.join(', ')}, which another reader has not finished`,
      { hint: 'Start the reader that the shard is assigned to, or read without order' }
    )
    this.#context.emitter.emit('error', { api: 'getCheckpoints', logstore: this.#logstore, shard, error })
  }
}
