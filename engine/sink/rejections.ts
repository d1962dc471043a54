import * as path from 'node:path'
import type { SlsError } from '../client/errors'
import { DeadLetters, REJECTED_FILE } from '../state/spool/dead-letters'
import type { SpoolDisk } from '../state/spool/disk'
import type { Batch } from './batch'
import type { SinkEmitter } from './events'
import type { Piece } from './piece'

/** The part of the spool's bytes that is set aside for what the service refuses. */
const REJECTED_SHARE = 1 / 16

/** Keeps for people what the service refuses for good of batches from disk. */
export class Rejections {
  readonly #file: string
  readonly #deadLetters: DeadLetters
  /** Refused pieces of a batch that are on their way to the file of such. */
  readonly #pending = new Map<Batch, Promise<unknown>>()

  /** @param limit bytes of the whole spool */
  constructor(
    disk: SpoolDisk,
    limit: number,
    private readonly emitter: SinkEmitter
  ) {
    this.#file = path.join(disk.path, REJECTED_FILE)
    this.#deadLetters = new DeadLetters(disk, Math.floor(limit * REJECTED_SHARE))
  }

  add(batch: Batch, piece: Piece, error: SlsError): void {
    const { logstore, hashKey } = batch.frame
    const { logs, compression, rawSize } = piece
    const kept = piece
      .body()
      .then((body) => this.#deadLetters.keep({ logstore, hashKey, compression, rawSize, body }, error))
      .catch(() => false)
      .then((isKept) => {
        const file = isKept ? this.#file : undefined
        this.emitter.emit('spoolRejected', { error, logstore, logs, file })
      })
    this.#pending.set(batch, Promise.all([this.#pending.get(batch), kept]))
  }

  /** Calls back when all that was refused of the batch is kept: at once where nothing was. */
  afterThoseOf(batch: Batch, then: () => void): void {
    const pending = this.#pending.get(batch)
    if (pending === undefined) {
      then()
      return
    }
    const done = () => {
      this.#pending.delete(batch)
      then()
    }
    pending.then(done, done)
  }

  /** Resolves when all that was refused up to now is kept. */
  async kept(): Promise<void> {
    await Promise.all(this.#pending.values())
  }
}
