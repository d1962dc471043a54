import { SlsError } from '../client/errors'
import { crc32 } from '../state/spool/crc32'
import type { SpoolEntry } from '../state/spool/record'
import type { Spool } from '../state/spool/spool'
import type { SpoolDamage } from '../state/spool/spool-contents'
import type { Batch } from './batch'
import { batchKey, routeKey } from './batch-key'
import { Drainer } from './drainer'
import type { SinkEmitter } from './events'
import type { SinkSettings, SpoolSettings } from './options'
import type { Piece } from './piece'
import type { Sender } from './sender'
import type { SenderSpool } from './sender-spool'
import { SpoolKeeper } from './spool-keeper'
import type { SpoolStatus } from './spool-status'
import { asSlsError } from './write-error'

export interface StoreAndForwardParts {
  settings: SinkSettings
  spool: SpoolSettings
  sender: () => Sender
  emitter: SinkEmitter
  /** Writes wait for room in the buffer. */
  isPressed: () => boolean
  /** The disk helps again, or helps no more. */
  onChange: () => void
}

/**
 * The way of batches to disk and back. To disk go, by the mode, all batches or those that cannot be sent now; where order
 * is kept, also those that must not overtake what is on disk.
 */
export class StoreAndForward implements SenderSpool {
  readonly #keeper: SpoolKeeper
  readonly #drainer: Drainer
  /** On their way to disk, with the failures there had been when the disk was told; undefined until it is. */
  readonly #spooling = new Map<Batch, number | undefined>()
  /** They can neither go to disk at present nor be sent: in the order of coming. */
  readonly #held = new Set<Batch>()
  /** Batches go to disk in the order of coming. */
  #tail: Promise<unknown> = Promise.resolve()
  #everything = false

  constructor(private readonly parts: StoreAndForwardParts) {
    const { settings, spool, emitter } = parts
    this.#keeper = new SpoolKeeper({
      settings: spool,
      clock: settings.clock,
      emitter,
      onDamage: (damage) => this.#damaged(damage),
      onChange: () => this.#changed()
    })
    this.#drainer = new Drainer({
      settings,
      spool,
      sender: parts.sender,
      emitter,
      keeper: this.#keeper,
      onDrained: () => this.#reconsider()
    })
  }

  /** Bytes of the buffer that batches from disk take, and the most they ever took. */
  get memory(): { used: number; peak: number } {
    return { used: this.#drainer.charge, peak: this.#drainer.peak }
  }

  /** Whether a full buffer can be emptied to disk. */
  get helps(): boolean {
    return this.#keeper.isUsable
  }

  divert(batch: Batch): boolean {
    const must = this.parts.settings.ordered && this.#keeper.spool?.holds(laneOf(batch)) === true
    const wants = this.#wantsDisk()
    if (this.#keeper.isUsable && this.#fits(batch)) {
      if (must || wants) this.#spool(batch)
      return must || wants
    }
    // Before it is open nobody knows what is there; at the end there is no time to wait, but where order matters.
    const mayWait = this.parts.settings.ordered || (wants && !this.#everything)
    if (!must && !(this.#keeper.state === 'opening' && mayWait)) return false
    this.parts.sender().withdraw(batch, 'held')
    this.#held.add(batch)
    return true
  }

  follow(batch: Batch): void {
    if (this.#keeper.isUsable && this.#fits(batch) && this.#mayFollow(batch)) this.#spool(batch)
  }

  rescue(batch: Batch): boolean {
    if (!this.#keeper.isUsable || !this.#fits(batch)) return false
    this.#spool(batch)
    return true
  }

  onTrouble(): void {
    if (this.#everything) this.#drainer.letGo()
    if (this.#everything || this.parts.sender().isOutOfReach) this.#spoolIdle(Number.POSITIVE_INFINITY)
  }

  onPostponed(batch: Batch): void {
    this.#drainer.postpone(batch)
  }

  onRejected(batch: Batch, piece: Piece, error: SlsError): void {
    this.#drainer.reject(batch, piece, error)
  }

  /** A batch from disk is settled. */
  settled(batch: Batch): void {
    this.#drainer.settled(batch)
  }

  /** Sends batches to disk until they and those on their way there give back `bytes` of the buffer. */
  relieve(bytes: number): void {
    if (!this.#keeper.isUsable) return
    let missing = bytes
    for (const { charge } of this.#spooling.keys()) missing -= charge
    this.#spoolIdle(missing)
  }

  /** From now on everything goes to disk, and nothing is read from there any more. */
  spoolEverything(): void {
    this.#everything = true
    this.#drainer.stop()
    if (this.#keeper.isUsable) this.#spoolIdle(Number.POSITIVE_INFINITY)
    this.#reconsider()
  }

  /** Resolves when no call with logs from disk is on the wire; no other is made. */
  rest(): Promise<void> {
    this.#everything = true
    this.#drainer.stop()
    this.#drainer.letGo()
    return this.#drainer.idle()
  }

  async close(): Promise<void> {
    this.#drainer.stop()
    await this.#tail
    await this.#drainer.close()
    await this.#keeper.close()
  }

  status(): SpoolStatus {
    const { spool } = this.#keeper
    const status: SpoolStatus = {
      mode: this.parts.spool.mode,
      path: this.#keeper.disk.path,
      state: this.#keeper.state,
      offline: this.parts.sender().isOutOfReach,
      logs: spool?.left.logs ?? 0,
      bytes: spool?.left.bytes ?? 0,
      used: spool?.used ?? 0,
      limit: this.parts.spool.limit,
      oldest: this.#oldestAge(),
      ...this.#drainer.counts
    }
    const { lastError } = this.#keeper
    if (lastError !== undefined) status.lastError = lastError.describe()
    return status
  }

  #oldestAge(): number {
    const age = this.parts.settings.clock.date() - this.#drainer.oldest
    return Number.isFinite(age) ? Math.max(0, Math.round(age)) : 0
  }

  #wantsDisk(): boolean {
    return (
      this.#everything ||
      this.parts.spool.mode === 'always' ||
      this.parts.isPressed() ||
      this.parts.sender().isOutOfReach
    )
  }

  #spoolIdle(bytes: number): void {
    if (!this.#keeper.isUsable) return
    let missing = bytes
    for (const batch of this.parts.sender().batches.spoolable()) {
      if (missing <= 0) return
      if (!this.#fits(batch)) continue
      missing -= batch.charge
      this.#spool(batch)
    }
  }

  /** Those that must not overtake it go to disk behind it, without waiting for it to be synced. */
  #spool(first: Batch): void {
    const batches = [first]
    for (const batch of batches) {
      this.#write(batch)
      for (const next of batch.successors)
        if (next.state === 'blocked' && this.#fits(next) && this.#mayFollow(next)) batches.push(next)
    }
  }

  /** One that would take half of the spool by itself is sent as if there were none. */
  #fits({ pendingBytes }: Batch): boolean {
    return pendingBytes <= this.parts.spool.limit / 2
  }

  #mayFollow({ predecessors }: Batch): boolean {
    return [...predecessors].every(({ state }) => state === 'spooling')
  }

  #write(batch: Batch): void {
    const { spool } = this.#keeper
    if (spool === undefined || batch.state === 'spooling') return
    this.parts.sender().withdraw(batch, 'spooling')
    this.#held.delete(batch)
    this.#spooling.set(batch, undefined)
    const pieces = [...batch.pieces].reverse()
    const bodies = Promise.all(pieces.map((piece) => piece.body()))
    // Their order on disk is that of these calls, whatever takes longer to compress. The next one does not wait for the
    // sync of this one, so that both are synced together.
    const handed = this.#tail.then(async () => {
      const ready = await bodies
      if (this.#lostPredecessor(batch, spool))
        throw new SlsError('Spool', 'What goes before it is not on disk')
      this.#spooling.set(batch, spool.failures)
      const appends = pieces.map((piece, index) => {
        return spool.append(this.#entryOf(batch, piece, ready[index] ?? Buffer.alloc(0)))
      })
      return { synced: Promise.all(appends) }
    })
    this.#tail = handed.catch(() => undefined)
    handed
      .then(({ synced }) => synced)
      .then(
        () => this.#spooled(batch),
        (error: unknown) => this.#notSpooled(batch, error)
      )
      .catch((error: unknown) => this.parts.sender().giveUp(batch, asSlsError(error)))
  }

  /** Whether a batch that goes before it did not get to disk, although it was on its way. */
  #lostPredecessor({ predecessors }: Batch, { failures }: Spool): boolean {
    return [...predecessors].some((batch) => this.#spooling.get(batch) !== failures)
  }

  #spooled(batch: Batch): void {
    this.#spooling.delete(batch)
    if (batch.state === 'settled') return
    this.#keeper.worked()
    this.parts.sender().spooled(batch)
    this.#drainer.pump()
  }

  /** What of it is on disk all the same is sent twice. */
  #notSpooled(batch: Batch, error: unknown): void {
    this.#spooling.delete(batch)
    if (batch.state === 'settled') return
    if (batch.predecessors.size > 0) {
      batch.state = 'blocked'
      return
    }
    this.parts.sender().withdraw(batch, 'held')
    this.#held.add(batch)
    this.#keeper.failed(error)
    this.#reconsider()
  }

  #damaged(damage: SpoolDamage): void {
    this.#drainer.counts.lost += damage.logs
    this.parts.emitter.emit('spoolDamage', { path: this.#keeper.disk.path, ...damage })
  }

  #changed(): void {
    this.#reconsider()
    this.#drainer.pump()
    this.parts.onChange()
  }

  /** The state of the disk is another one: batches that were held may have somewhere to go. */
  #reconsider(): void {
    for (const batch of [...this.#held]) {
      this.#held.delete(batch)
      if (batch.state !== 'settled' && !this.divert(batch)) this.parts.sender().enqueue(batch)
    }
  }

  #entryOf(batch: Batch, piece: Piece, body: Buffer): SpoolEntry {
    const { logstore, hashKey } = batch.frame
    return {
      logstore,
      hashKey,
      lane: laneOf(batch),
      logs: piece.logs,
      rawSize: piece.rawSize,
      compression: piece.compression,
      time: this.parts.settings.clock.date(),
      firstLog: piece.span.first,
      lastLog: piece.span.last,
      body
    }
  }
}

/** Logs that may have to keep their order are in one lane: all of a hash key, else all of a batch's place. */
function laneOf({ frame }: Batch): number {
  return crc32(Buffer.from(frame.hashKey === undefined ? batchKey(frame) : routeKey(frame)))
}
