import { encodeCursor } from '../client/cursor'
import type { SourceContext } from './context'
import type { ShardReader } from './shard-reader'

/** ms between looks at how far the ends of the shards are. */
const interval = 15_000

/** Asks the service now and then how far the ends of those shards are that are read and not at their end. */
export class LagMeter {
  readonly #context: SourceContext
  readonly #readers: () => readonly ShardReader[]
  #wasBehind: boolean = false

  constructor(context: SourceContext, readers: () => readonly ShardReader[]) {
    this.#context = context
    this.#readers = readers
  }

  /** Measures until the signal is aborted. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        await this.#context.settings.clock.delay(interval, signal)
        await this.#measure(signal)
      }
    } catch {
      // Only the signal ends it.
    }
  }

  async #measure(signal: AbortSignal): Promise<void> {
    const behind = this.#readers().filter(({ isBehind }) => isBehind)
    for (const reader of behind) {
      if (signal.aborted) return
      await this.#look(reader, signal)
    }
    if (behind.length === 0 && !this.#wasBehind) return
    this.#wasBehind = behind.length > 0
    const shards = behind.map(({ logstore, shard, lag, ledger }) => ({
      logstore,
      shard,
      seconds: lag.seconds,
      groups: ledger && lag.groups(ledger)
    }))
    const most = (values: (number | undefined)[]) => Math.max(0, ...values.map((value) => value ?? 0))
    this.#context.emitter.emit('lag', {
      seconds: most(shards.map(({ seconds }) => seconds)),
      groups: shards.reduce((sum, { groups }) => sum + (groups ?? 0), 0),
      shards
    })
  }

  /** One attempt: what fails now is asked for again later, and said by the fetches. */
  async #look(reader: ShardReader, signal: AbortSignal): Promise<void> {
    const { client } = this.#context
    const { logstore, shard, lag, ledger } = reader
    if (ledger === undefined) return
    try {
      lag.noteEnd(await client.getCursor(logstore, shard, 'end', signal))
      if (lag.seconds !== undefined) return
      const cursor = encodeCursor(ledger.position)
      lag.noteTime(await client.getCursorTime(logstore, shard, cursor, signal))
    } catch {
      // See above.
    }
  }
}
