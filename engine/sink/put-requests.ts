import type { SlsError } from '../client/errors'
import type { BatchFrame } from './batch-key'
import { LatencyHistogram } from './latency-histogram'
import { type PutClient, type SinkSettings, serviceTime } from './options'
import type { Piece } from './piece'
import { asSlsError } from './write-error'

/** What came of one request. */
export type Answer = { requestId: string; error?: undefined } | { error: SlsError }

/** Makes pieces of batches into requests, one try each. */
export class PutRequests {
  readonly latency = new LatencyHistogram()
  count = 0
  /** Logs whose time was repaired. */
  repairedTimes = 0

  constructor(
    private readonly client: PutClient,
    private readonly settings: Pick<SinkSettings, 'clock' | 'timeRepair'>
  ) {}

  /** Repairs the times of the piece, compresses and sends it. Never rejects. */
  async put({ logstore, hashKey }: BatchFrame, piece: Piece, signal: AbortSignal): Promise<Answer> {
    const { clock, timeRepair } = this.settings
    try {
      const repaired = await piece.repairTimes(serviceTime(this.client), timeRepair)
      this.repairedTimes += repaired
      const body = await piece.body()
      piece.attempts++
      this.count++
      const startedAt = clock.now()
      const { requestId } = await this.client.putLogs(
        { logstore, body, rawSize: piece.rawSize, compression: piece.compression, hashKey },
        signal
      )
      this.latency.add(clock.now() - startedAt)
      return { requestId }
    } catch (thrown) {
      const error = asSlsError(thrown)
      error.attempts = Math.max(1, piece.attempts)
      return { error }
    }
  }
}
