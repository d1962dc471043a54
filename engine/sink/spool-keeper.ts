import type { SlsError } from '../client/errors'
import { FolderDisk } from '../state/spool/disk'
import { FolderLock } from '../state/spool/folder-lock'
import { Spool } from '../state/spool/spool'
import type { SpoolDamage } from '../state/spool/spool-contents'
import { spoolError } from '../state/spool/spool-error'
import type { SinkEmitter } from './events'
import type { SinkSettings, SpoolSettings } from './options'
import { asSlsError } from './write-error'

/** Milliseconds between attempts to open or write a spool that is in trouble. */
const FIRST_PAUSE = 500
const LONGEST_PAUSE = 30_000
/** Milliseconds without a failure after which trouble is over: a full disk takes now and then a little more. */
const CALM = 5000
/** Milliseconds for which another owner of the folder is no trouble: an earlier instance may be closing. */
const PATIENCE = 10_000

/** opening: not yet readable; ready; full: no room; failing: it cannot be opened or written; closed. */
export type SpoolState = 'opening' | 'ready' | 'full' | 'failing' | 'closed'

export interface KeeperParts {
  settings: SpoolSettings
  clock: SinkSettings['clock']
  emitter: SinkEmitter
  onDamage: (damage: SpoolDamage) => void
  /** Something may go on: the spool is open, may be tried again, or is of no use any more. */
  onChange: () => void
}

class FolderBusy extends Error {}

/** Opens the spool, as often as it takes, and knows whether it may be written. */
export class SpoolKeeper {
  state: SpoolState = 'opening'
  lastError: SlsError | undefined
  readonly disk: FolderDisk
  #spool: Spool | undefined
  #lock: FolderLock | undefined
  #pause = FIRST_PAUSE
  #failedAt = Number.NEGATIVE_INFINITY
  #cancelTimer: (() => void) | undefined
  #opening: Promise<void> = Promise.resolve()
  readonly #startedAt: number

  constructor(private readonly parts: KeeperParts) {
    this.disk = new FolderDisk(parts.settings.path, () => parts.clock.now())
    this.#startedAt = parts.clock.now()
    this.#open()
  }

  /** Undefined until it is open. */
  get spool(): Spool | undefined {
    return this.#spool
  }

  /** Whether what goes to the spool has a chance to get there. */
  get isUsable(): boolean {
    return this.state === 'ready'
  }

  /** A record did not get to disk. */
  failed(reason: unknown): void {
    if (this.state === 'closed') return
    const error = asSlsError(reason)
    const state = error.field === 'spoolBytes' ? 'full' : 'failing'
    if (this.lastError?.message !== error.message) this.parts.emitter.emit('spoolTrouble', { error })
    this.lastError = error
    this.#failedAt = this.parts.clock.now()
    this.state = state
    if (this.#cancelTimer === undefined) this.#later(() => this.#tryAgain())
    this.parts.onChange()
  }

  /** A record got to disk. */
  worked(): void {
    if (this.parts.clock.now() - this.#failedAt < CALM) return
    this.#pause = FIRST_PAUSE
    if (this.lastError === undefined || this.state !== 'ready') return
    this.lastError = undefined
    this.parts.emitter.emit('spoolRecovered', { path: this.disk.path })
  }

  /** Records were drained. */
  drained(): void {
    const { state } = this
    const spool = this.#spool
    if (state !== 'full' || spool === undefined || spool.used > spool.limit * 0.9) return
    this.#tryAgain()
  }

  /** Saves what is drained and lets go of the folder; what is on disk stays there. Never rejects. */
  async close(): Promise<void> {
    this.state = 'closed'
    this.#cancelTimer?.()
    await this.#opening
    const tell = (error: unknown) =>
      this.parts.emitter.emit('spoolTrouble', { error: spoolError(error, 'closed', this.disk.path) })
    await this.#spool?.close().catch(tell)
    await this.#lock?.release().catch(tell)
  }

  #tryAgain(): void {
    if (this.#spool === undefined) {
      this.#open()
      return
    }
    this.state = 'ready'
    this.parts.onChange()
  }

  #open(): void {
    this.#opening = this.#attempt().catch((error: unknown) => this.#notOpened(error))
  }

  async #attempt(): Promise<void> {
    const { settings, clock, onDamage } = this.parts
    await this.disk.prepare()
    const lock = await FolderLock.take(this.disk.path, () => clock.now())
    if (lock === undefined) throw new FolderBusy('another process, or another node, uses the folder')
    try {
      this.#spool = await Spool.open({
        disk: this.disk,
        limit: settings.limit,
        onDamage
      })
    } catch (error) {
      await lock.release()
      throw error
    }
    this.#lock = lock
    if (this.state === 'closed') return
    this.state = 'ready'
    this.worked()
    this.parts.onChange()
  }

  #notOpened(reason: unknown): void {
    if (this.state === 'closed') return
    const { clock } = this.parts
    if (clock.now() - this.#startedAt < PATIENCE && reason instanceof FolderBusy) {
      this.#later(() => this.#open())
      this.#pause = FIRST_PAUSE
      return
    }
    this.failed(spoolError(reason, 'opened', this.disk.path))
  }

  #later(task: () => void): void {
    this.#cancelTimer?.()
    this.#cancelTimer = this.parts.clock.after(this.#pause, () => {
      this.#cancelTimer = undefined
      task()
    })
    this.#pause = Math.min(LONGEST_PAUSE, this.#pause * 2)
  }
}
