import { encodeCursor } from '../client/cursor'
import { SlsError } from '../client/errors'
import type { SourceContext } from './context'
import type { Fetched } from './fetched'

/** The longest wait, as a multiple of the retry policy's: 30 s with the default policy. */
const slowFactor = 6

export interface RedeliveringReader {
  readonly logstore: string
  readonly shard: number
  refetch(): void
}

/** What of one shard the flow refused and will be given again. */
export class Redeliveries {
  readonly #context: SourceContext
  readonly #reader: RedeliveringReader
  readonly #refused = new Set<Fetched>()
  readonly #end = new AbortController()

  constructor(context: SourceContext, reader: RedeliveringReader) {
    this.#context = context
    this.#reader = reader
  }

  /** In order, nothing is delivered while something before it is still to be delivered again. */
  mayDeliver(fetched: Fetched): boolean {
    if (!this.#context.settings.inOrder) return true
    for (const { entry } of this.#refused) if (entry.from < fetched.entry.from) return false
    return true
  }

  /** Delivers it again after a while, longer with each time. What cannot be decoded is fetched again instead. */
  refused(fetched: Fetched, error: unknown, times: number): void {
    const isDamaged = error instanceof SlsError && error.code === 'CorruptBody'
    const delay = isDamaged ? this.#context.settings.retry.maxRetryBackoff : this.#delay(times)
    const { logstore, shard } = this.#reader
    const cursor = encodeCursor(fetched.entry.from)
    this.#refused.add(fetched)
    this.#context.emitter.emit('redelivery', {
      logstore,
      shard,
      cursor,
      deliveries: fetched.deliveries,
      delay,
      error
    })
    void this.#deliverAgain(fetched, delay, isDamaged)
  }

  delivered(fetched: Fetched): void {
    if (this.#refused.delete(fetched)) this.#context.handOver.changed()
  }

  settled(fetched: Fetched): void {
    if (this.#refused.delete(fetched)) this.#context.handOver.changed()
  }

  /** Nothing is delivered again any more. */
  end(): void {
    this.#end.abort()
    this.#refused.clear()
  }

  async #deliverAgain(fetched: Fetched, delay: number, isDamaged: boolean): Promise<void> {
    try {
      await this.#context.settings.clock.delay(delay, this.#end.signal)
    } catch {
      return
    }
    if (fetched.settled) return
    if (isDamaged) this.#reader.refetch()
    else this.#context.handOver.offerAgain(fetched)
  }

  #delay(times: number): number {
    const { retry, random } = this.#context.settings
    const bound = Math.min(
      retry.maxRetryBackoff * slowFactor,
      retry.baseRetryBackoff * 2 ** Math.min(times - 1, 20)
    )
    return Math.round((bound * (1 + random())) / 2)
  }
}
