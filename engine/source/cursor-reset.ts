import { encodeCursor } from '../client/cursor'
import type { SlsError } from '../client/errors'
import type { SourceContext } from './context'
import type { ShardCursors } from './shard-cursors'

/** ms: the longest wait between attempts at a cursor that is refused again and again. */
const longestWait = 30_000

/** Finds another place to read on from when the service refuses a cursor, and tells what is lost between. */
export class CursorReset {
  readonly #context: SourceContext
  readonly #cursors: ShardCursors
  readonly #logstore: string
  readonly #shard: number
  #refusals = 0

  constructor(context: SourceContext, cursors: ShardCursors, logstore: string, shard: number) {
    this.#context = context
    this.#cursors = cursors
    this.#logstore = logstore
    this.#shard = shard
  }

  /** A cursor was accepted. */
  accepted(): void {
    this.#refusals = 0
  }

  /**
   * Where reading goes on as `onInvalidCursor` has it, undefined where it does not; `from` itself where the service
   * names just that, which is told when it is refused once more.
   * @param cause what it was refused with
   * @param receiveTime Unix seconds of what was read last
   * @throws SlsError `Aborted` when the signal is aborted
   */
  async next(
    from: bigint,
    cause: SlsError,
    receiveTime: number | undefined,
    signal: AbortSignal
  ): Promise<bigint | undefined> {
    if (this.#refusals++ > 0) {
      const wait = Math.min(longestWait, 500 * 2 ** Math.min(this.#refusals, 10))
      await this.#context.settings.clock.delay(wait, signal)
    }
    const policy = this.#context.settings.onInvalidCursor
    const oldest = await this.#cursors.at('begin', signal)
    if (oldest === from) {
      const site = { api: 'pullLogs', logstore: this.#logstore, shard: this.#shard } as const
      if (this.#refusals === 2) this.#context.emitter.emit('error', { ...site, error: cause })
      return from
    }
    const to = policy === 'latest' ? await this.#cursors.at('end', signal) : oldest
    const isAhead = to >= from
    const time = isAhead ? await this.#timeAt(to, signal) : undefined
    this.#context.emitter.emit('skipped', {
      logstore: this.#logstore,
      shard: this.#shard,
      policy,
      from: encodeCursor(from),
      to: encodeCursor(to),
      groups: isAhead ? Number(to - from) : undefined,
      seconds: time === undefined || receiveTime === undefined ? undefined : Math.max(0, time - receiveTime)
    })
    return policy === 'fail' ? undefined : to
  }

  /** Unix seconds; the end of a shard has the time of what lies before it. */
  async #timeAt(position: bigint, signal: AbortSignal): Promise<number | undefined> {
    return (
      (await this.#cursors.timeOf(position, signal)) ??
      (position > 0n ? this.#cursors.timeOf(position - 1n, signal) : undefined)
    )
  }
}
