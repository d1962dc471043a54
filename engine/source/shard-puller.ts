import type { PullLogsRequest, PullResult } from '../client/calls/pull-logs'
import { encodeCursor } from '../client/cursor'
import { SlsError } from '../client/errors'
import type { SourceContext } from './context'
import { type CursorRefusals, CursorReset } from './cursor-reset'
import { isInvalidCursor, isQuotaExceeded } from './error-kinds'
import type { FetchPace } from './fetch-pace'
import type { Ledger } from './ledger'
import type { ReaderCounts } from './reader-counts'
import type { ShardCursors } from './shard-cursors'
import { type FetchAnswer, fetchOnce } from './shard-fetch'

export interface PullerHost {
  readonly logstore: string
  readonly shard: number
  readonly counts: ReaderCounts
  readonly refusals: CursorRefusals
  /** A fetch failed and is made again. */
  failed(error: SlsError): void
  /** Forget what is in flight and read from there. */
  restartAt(position: bigint): void
  /** Nothing is to be read behind that. */
  stop(error: SlsError): void
}

/** Fetches of one shard, and what becomes of those that the service refuses or that arrive in pieces. */
export class ShardPuller {
  readonly #context: SourceContext
  readonly #host: PullerHost
  readonly #cursors: ShardCursors
  readonly #pace: FetchPace
  readonly #reset: CursorReset
  #fetchingSince: number | undefined
  #lastSize = 0
  #logGroups: number
  #damages = 0

  constructor(context: SourceContext, host: PullerHost, cursors: ShardCursors, pace: FetchPace) {
    this.#context = context
    this.#host = host
    this.#cursors = cursors
    this.#pace = pace
    this.#reset = new CursorReset(context, cursors, host.logstore, host.shard, host.refusals)
    this.#logGroups = context.settings.maxLogGroups
  }

  /** Unix milliseconds since when a fetch is under way, apart from waits for memory and retries. */
  get fetchingSince(): number | undefined {
    return this.#fetchingSince
  }

  /**
   * The next answer; undefined where the ledger goes on elsewhere.
   * @param end what lies at or after it is not wanted
   * @param receiveTime Unix seconds of what was read last
   * @throws SlsError `Aborted` when the signal is aborted
   */
  async pull(
    ledger: Ledger,
    end: () => bigint | undefined,
    receiveTime: number | undefined,
    signal: AbortSignal
  ): Promise<FetchAnswer | undefined> {
    const { calls, settings } = this.#context
    const { logstore, shard } = this.#host
    const call = () => {
      const { query } = settings
      const request = { logstore, shard, from: ledger.position, end: end(), query }
      const sizes = { maxLogGroups: this.#logGroups, expectedSize: this.#lastSize }
      return fetchOnce(this.#pulls, this.#context, { ...request, ...sizes }, signal)
    }
    const giveUp = (error: SlsError) => isInvalidCursor(error) || this.#isDamagedForGood(error)
    const onFailure = (error: SlsError) => {
      if (isQuotaExceeded(error)) this.#pace.throttled()
      this.#host.failed(error)
    }
    try {
      const answer = await calls.run({ api: 'pullLogs', logstore, shard }, call, signal, {
        giveUp,
        onFailure
      })
      this.#host.refusals.accepted()
      this.#damages = 0
      this.#logGroups = Math.min(settings.maxLogGroups, this.#logGroups * 2)
      this.#lastSize = answer.rawSize
      return answer
    } catch (error) {
      if (signal.aborted || !(error instanceof SlsError)) throw error
      if (isInvalidCursor(error)) await this.#skip(ledger, error, receiveTime, signal)
      else if (error.code === 'CorruptBody') await this.#narrow(ledger, error, signal)
      else throw error
      return undefined
    }
  }

  readonly #pulls = {
    pullLogs: async (request: PullLogsRequest, signal: AbortSignal): Promise<PullResult> => {
      const since = this.#context.settings.clock.now()
      this.#fetchingSince = since
      try {
        return await this.#context.pulls.pullLogs(request, signal)
      } finally {
        if (this.#fetchingSince === since) this.#fetchingSince = undefined
      }
    }
  }

  #isDamagedForGood(error: SlsError): boolean {
    const { maxRedeliveries } = this.#context.settings
    if (error.code !== 'CorruptBody') return false
    this.#damages++
    return maxRedeliveries >= 0 && this.#damages > maxRedeliveries
  }

  /** Fetches less at a time, until the log group that cannot be read is alone, and passes that. */
  async #narrow(ledger: Ledger, cause: SlsError, signal: AbortSignal): Promise<void> {
    const { clock, maxRedeliveries, onPoison, retry } = this.#context.settings
    const isAlone = this.#logGroups === 1
    const attempts = this.#damages
    this.#logGroups = Math.ceil(this.#logGroups / 2)
    this.#damages = this.#logGroups === 1 ? 0 : maxRedeliveries
    if (!isAlone) return
    if (ledger.position >= (await this.#cursors.at('end', signal))) {
      // There is none yet: whatever comes to lie here is not what was damaged.
      await clock.delay(retry.maxRetryBackoff, signal)
      return
    }
    const { logstore, shard } = this.#host
    const cursor = encodeCursor(ledger.position)
    const error = new SlsError(
      'PoisonLog',
      `The log group at ${cursor} of ${logstore}/${shard} cannot be read: ${cause.message}`,
      { attempts, requestId: cause.requestId, cause }
    )
    const stopped = onPoison === 'stop'
    this.#context.emitter.emit('poison', {
      logstore,
      shard,
      cursor,
      index: undefined,
      refusals: attempts,
      error,
      reason: cause,
      log: undefined,
      group: undefined,
      stopped
    })
    if (stopped) this.#host.stop(error)
    else ledger.skipTo(ledger.position + 1n)
  }

  #refusedAt(position: bigint, cause: SlsError): SlsError {
    const { logstore, shard } = this.#host
    const text = `The cursor ${encodeCursor(position)} of ${logstore}/${shard} is not valid any more`
    return new SlsError('InvalidCursor', text, {
      status: cause.status,
      requestId: cause.requestId,
      hint: 'Seek to a position that there is',
      cause
    })
  }

  /** Goes on where the policy has it. */
  async #skip(
    ledger: Ledger,
    cause: SlsError,
    receiveTime: number | undefined,
    signal: AbortSignal
  ): Promise<void> {
    const from = ledger.position
    const to = await this.#reset.next(from, cause, receiveTime, signal)
    if (to === from) return
    this.#host.counts.skips++
    if (to === undefined) this.#host.stop(this.#refusedAt(from, cause))
    else if (to > from) ledger.skipTo(to)
    else this.#host.restartAt(to)
  }
}
