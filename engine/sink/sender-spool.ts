import type { SlsError } from '../client/errors'
import type { Batch } from './batch'
import type { Piece } from './piece'

/** Milliseconds for which a batch that is postponed stays on disk. */
export const POSTPONED = 30_000

/** What the sender needs of the disk. */
export interface SenderSpool {
  /** A batch of writes is ready to be sent: true where it goes to disk instead. */
  divert(batch: Batch): boolean
  /** A batch that must wait for others may go to disk behind them, where they are on their way there. */
  follow(batch: Batch): void
  /** No call came through for a while, or one was interrupted: true where the batch goes to disk now. */
  rescue(batch: Batch): boolean
  /** A call failed that will be repeated. */
  onTrouble(): void
  /** A batch from disk cannot be sent for a long time. */
  onPostponed(batch: Batch): void
  /** The service refused a piece of a batch from disk for good. */
  onRejected(batch: Batch, piece: Piece, error: SlsError): void
}
