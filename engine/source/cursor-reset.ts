import { encodeCursor } from '../client/cursor'
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
   * The oldest position that can be read; `from` itself where the service names just that.
   * @param receiveTime Unix seconds of what was read last
   * @throws SlsError `Aborted` when the signal is aborted
   */
  async oldest(from: bigint, receiveTime: number | undefined, signal: AbortSignal): Promise<bigint> {
    if (this.#refusals++ > 0) {
      const wait = Math.min(longestWait, 500 * 2 ** Math.min(this.#refusals, 10))
      await this.#context.settings.clock.delay(wait, signal)
    }
    const to = await this.#cursors.at('begin', signal)
    if (to === from) return to
    const isAhead = to > from
    const time = isAhead ? await this.#cursors.timeOf(to, signal) : undefined
    this.#context.emitter.emit('skipped', {
      logstore: this.#logstore,
      shard: this.#shard,
      from: encodeCursor(from),
      to: encodeCursor(to),
      groups: isAhead ? Number(to - from) : undefined,
      seconds: time === undefined || receiveTime === undefined ? undefined : Math.max(0, time - receiveTime)
    })
    return to
  }
}
