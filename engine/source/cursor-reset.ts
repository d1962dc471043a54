import { encodeCursor } from '../client/cursor'
import type { SlsError } from '../client/errors'
import type { SourceContext } from './context'
import type { ShardCursors } from './shard-cursors'

/** ms: the longest wait between attempts at a cursor that is refused again and again. */
const longestWait = 30_000

/** Which cursors of a shard were refused; handed on where its reading begins anew because of one. */
export class CursorRefusals {
  #count = 0
  #isAccepted: boolean = false
  #isTold: boolean = false
  #wentBackFrom: bigint | undefined

  /** A cursor was accepted. */
  accepted(): void {
    this.#isAccepted = true
  }

  /**
   * A cursor was refused; ms to wait before the next attempt. That another was accepted meanwhile counts for nothing
   * where reading came round to the one from which it went back.
   */
  refused(position: bigint): number {
    if (this.#isAccepted && !this.cameRoundTo(position)) {
      this.#count = 0
      this.#isTold = false
    }
    this.#isAccepted = false
    return this.#count++ === 0 ? 0 : Math.min(longestWait, 500 * 2 ** Math.min(this.#count, 10))
  }

  cameRoundTo(position: bigint): boolean {
    return position === this.#wentBackFrom
  }

  wentBackFrom(position: bigint): void {
    this.#wentBackFrom = position
  }

  /** True once as soon as the first attempt to go on was refused as well. */
  isToBeTold(): boolean {
    if (this.#isTold || this.#count < 2) return false
    this.#isTold = true
    return true
  }
}

/** Finds another place to read on from when the service refuses a cursor, and tells what is lost between. */
export class CursorReset {
  readonly #context: SourceContext
  readonly #cursors: ShardCursors
  readonly #logstore: string
  readonly #shard: number
  readonly #refusals: CursorRefusals

  constructor(
    context: SourceContext,
    cursors: ShardCursors,
    logstore: string,
    shard: number,
    refusals: CursorRefusals
  ) {
    this.#context = context
    this.#cursors = cursors
    this.#logstore = logstore
    this.#shard = shard
    this.#refusals = refusals
  }

  /**
   * Where reading goes on as `onInvalidCursor` has it, undefined where it does not; `from` itself where the service
   * names just that, or where reading went back from it already, which is told when it is refused once more.
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
    const wait = this.#refusals.refused(from)
    if (wait > 0) await this.#context.settings.clock.delay(wait, signal)
    const policy = this.#context.settings.onInvalidCursor
    const oldest = await this.#cursors.at('begin', signal)
    const to = policy === 'latest' && oldest !== from ? await this.#cursors.at('end', signal) : oldest
    const isAhead = to >= from
    if (to === from || (!isAhead && this.#refusals.cameRoundTo(from))) {
      const site = { api: 'pullLogs', logstore: this.#logstore, shard: this.#shard } as const
      if (this.#refusals.isToBeTold()) this.#context.emitter.emit('error', { ...site, error: cause })
      return from
    }
    if (!isAhead) this.#refusals.wentBackFrom(from)
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
