import { SlsError } from '../client/errors'
import { checkSnapshot, type ProgressSnapshot } from '../state/progress-snapshot'
import type { Commits } from './commits'
import { abortable } from './condition'
import type { SourceSettings } from './options'
import type { PersistentCalls } from './persistent-calls'
import type { Progress, ShardPosition } from './progress'
import { Sleeper } from './sleeper'

/**
 * Makes progress durable: in the local state, then in the consumer group, at the times that the checkpoint mode asks
 * for, and at once where somebody waits for it.
 */
export class Checkpoints {
  readonly #settings: SourceSettings
  readonly #progress: Progress
  readonly #calls: PersistentCalls
  readonly #commits: Commits | undefined
  readonly #snapshotTimer: Sleeper
  readonly #commitTimer: Sleeper
  /** Nothing may be saved over progress that was not yet looked at. */
  #isRestored: boolean = false
  #savedVersion = -1
  /** The save under way; never rejects. */
  #saving: Promise<unknown> = Promise.resolve()
  #queued: Promise<ShardPosition[]> | undefined

  /** @param commits undefined where nothing is committed */
  constructor(
    settings: SourceSettings,
    progress: Progress,
    calls: PersistentCalls,
    commits: Commits | undefined
  ) {
    this.#settings = settings
    this.#progress = progress
    this.#calls = calls
    this.#commits = commits
    this.#snapshotTimer = new Sleeper(settings.clock)
    this.#commitTimer = new Sleeper(settings.clock)
  }

  /** @throws SlsError `Aborted` when the signal is aborted */
  async restore(signal: AbortSignal): Promise<void> {
    const { state } = this.#settings
    if (state !== undefined) {
      const load = async () => checked(await state.load())
      this.#progress.restore(await this.#calls.run({ api: 'loadProgress' }, load, signal))
    }
    this.#isRestored = true
  }

  /** Makes snapshots and commits at their times until the signal is aborted. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const periodic = this.#settings.checkpointMode === 'periodic'
    await Promise.all([
      repeat(this.#snapshotTimer, this.#settings.checkpointInterval, signal, () => this.#snapshot(signal)),
      periodic
        ? repeat(this.#commitTimer, this.#settings.commitInterval, signal, async () => this.#commitAll())
        : undefined
    ])
  }

  /** Makes a snapshot, and commits, without waiting for the next time. */
  hurry(): void {
    this.#snapshotTimer.wake()
    this.#commitTimer.wake()
  }

  /**
   * Resolves when the position at which a shard is about to be read, or to be given to somebody else, is durable
   * wherever that matters: in the local state, and in the group where there is no local state or others read on there.
   * @throws SlsError `Aborted` when the signal is aborted
   */
  async settle(logstore: string, shard: number, position: bigint, signal: AbortSignal): Promise<void> {
    const { assignment, state } = this.#settings
    if (state !== undefined) await abortable(this.#save(signal), signal)
    if (this.#commits === undefined || (state !== undefined && assignment.type !== 'group')) return
    this.#commits.request(logstore, shard, position)
    await this.#commits.idleOf(logstore, shard, signal)
  }

  /**
   * A snapshot and commits now.
   * @throws SlsError what the snapshot or one of the commits failed with
   */
  async checkpoint(signal: AbortSignal): Promise<void> {
    const positions = await this.#saveOnce()
    if (this.#commits === undefined) return
    this.#request(positions)
    await this.#commits.settled(signal)
  }

  /** The last snapshot and the last commits, as far as they succeed before `deadline` is aborted. Never rejects. */
  async finish(deadline: AbortSignal): Promise<void> {
    try {
      const positions = await abortable(this.#save(deadline), deadline)
      if (this.#commits === undefined) return
      this.#request(positions)
      await this.#commits.idle(deadline)
    } catch {
      // What could not be saved in time was told of, and is read again.
    }
  }

  async #snapshot(signal: AbortSignal): Promise<void> {
    const positions = await this.#save(signal)
    if (this.#settings.checkpointMode === 'onCheckpoints') this.#request(positions)
  }

  #commitAll(): void {
    this.#request(this.#progress.capture().positions)
  }

  #request(positions: readonly ShardPosition[]): void {
    for (const each of positions) {
      const { logstore, shard, position } = each
      if (this.#progress.isCurrent(each)) this.#commits?.request(logstore, shard, position)
    }
  }

  #save(signal: AbortSignal): Promise<ShardPosition[]> {
    return this.#calls.run({ api: 'saveProgress' }, () => this.#saveOnce(), signal)
  }

  /** One save at a time; all who ask while one is under way share the next. */
  #saveOnce(): Promise<ShardPosition[]> {
    this.#queued ??= this.#saving.then(() => {
      this.#queued = undefined
      const written = this.#write()
      this.#saving = written.catch(() => undefined)
      return written
    })
    return this.#queued
  }

  async #write(): Promise<ShardPosition[]> {
    if (!this.#isRestored) return []
    const { snapshot, positions, version } = this.#progress.capture()
    if (version !== this.#savedVersion) {
      await this.#settings.state?.save(snapshot)
      this.#savedVersion = version
    }
    return positions
  }
}

/** Never rejects. */
async function repeat(
  timer: Sleeper,
  interval: number,
  signal: AbortSignal,
  action: () => Promise<void>
): Promise<void> {
  while (!signal.aborted) {
    try {
      await timer.sleep(interval, signal)
      await action()
    } catch {
      // Actions try again by themselves and tell of it; only the signal ends them.
    }
  }
}

/** A store of somebody else's making may give anything. */
function checked(loaded: unknown): ProgressSnapshot {
  try {
    return checkSnapshot(loaded)
  } catch (cause) {
    throw new SlsError('State', `The progress cannot be used: ${(cause as Error).message}`, {
      hint: 'Mend what the store of the option state gives',
      cause
    })
  }
}
