import { SlsError } from '../client/errors'
import type { Shard, ShardCheckpoint } from '../client/model'
import { abortable } from './condition'
import type { CheckpointsByShard } from './consumer-group'
import type { SourceContext } from './context'
import type { DefaultPosition, StartPosition } from './options'
import type { ShardCursors } from './shard-cursors'
import {
  beginning,
  cursorPosition,
  isYoungerThanGroup,
  resume,
  type Start,
  withoutReplay
} from './start-position'

/** Finds out where the shards of one logstore begin. */
export class StartFinder {
  /** The latest listing. */
  listed: readonly Shard[] = []
  readonly #context: SourceContext
  readonly #logstore: string

  constructor(context: SourceContext, logstore: string) {
    this.#context = context
    this.#logstore = logstore
  }

  /**
   * Where progress is, else the configured position; the very beginning for a shard that was born later, or of which
   * the group has a checkpoint that nobody can read.
   * @throws SlsError `Aborted` when the signal is aborted
   */
  async find(shard: Shard, cursors: ShardCursors, signal: AbortSignal): Promise<Start> {
    const { assigner, progress, settings } = this.#context
    const id = shard.shardId
    const local = progress.of(this.#logstore, id)
    const hasMoved = assigner.isShared || progress.hasMoved(this.#logstore, id)
    const checkpoints = local === undefined || hasMoved ? await this.#checkpoints(signal) : undefined
    const resumed = resume(local, checkpoints?.get(id), hasMoved)
    if (resumed !== undefined) return resumed
    const unreadable = checkpoints?.get(id)
    if (unreadable !== undefined) {
      this.#tell(unreadable)
      return { position: await cursors.at('begin', signal), origin: 'default', acked: [] }
    }
    const isChild =
      progress.initialShards(this.#logstore)?.has(id) === false ||
      (checkpoints !== undefined && isYoungerThanGroup(shard, this.listed, checkpoints))
    const { from, origin } = beginning(settings.position, settings.defaultPosition, isChild)
    return { position: await cursors.at(from, signal), origin, acked: [] }
  }

  /**
   * What lies between two positions once more, as far as it was read; then on from `current`. A replay that is not
   * over is given up for it.
   * @throws SlsError `Aborted` when the signal is aborted
   */
  async replay(
    current: Start,
    from: DefaultPosition,
    to: DefaultPosition,
    cursors: ShardCursors,
    signal: AbortSignal
  ): Promise<Start> {
    const begin = await cursors.at(cursorPosition(from), signal)
    const bound = await cursors.at(cursorPosition(to), signal)
    const live = withoutReplay(current)
    const end = bound < live.position ? bound : live.position
    if (begin >= end) return current
    return { position: begin, origin: 'seek', acked: [[end, live.position], ...live.acked], replayUntil: end }
  }

  /** @throws SlsError `Aborted` when the signal is aborted */
  async seek(
    id: number,
    position: StartPosition,
    cursors: ShardCursors,
    signal: AbortSignal
  ): Promise<Start> {
    if (position.type !== 'checkpoint') {
      return { position: await cursors.at(cursorPosition(position), signal), origin: 'seek', acked: [] }
    }
    const resumed = resume(undefined, (await this.#checkpoints(signal))?.get(id), false)
    if (resumed !== undefined) return { ...resumed, origin: 'seek' }
    return this.seek(id, this.#context.settings.defaultPosition, cursors, signal)
  }

  #tell({ shard, cursor }: ShardCheckpoint): void {
    const text = `The checkpoint of ${this.#logstore}/${shard} is no cursor: ${JSON.stringify(cursor.slice(0, 64))}`
    const error = new SlsError('InvalidCursor', text, {
      hint: 'The shard is read from its begin; seek where that is too much'
    })
    this.#context.emitter.emit('error', { api: 'getCheckpoints', logstore: this.#logstore, shard, error })
  }

  async #checkpoints(signal: AbortSignal): Promise<CheckpointsByShard | undefined> {
    const { group } = this.#context
    if (group === undefined) return undefined
    const checkpoints = await abortable(group.checkpoints(this.#logstore), signal)
    for (const { shard, cursor } of checkpoints.values())
      this.#context.commits?.learn(this.#logstore, shard, cursor)
    return checkpoints
  }
}
