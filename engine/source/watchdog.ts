import type { SourceContext } from './context'
import type { ShardReader } from './shard-reader'

/** ms between looks. */
const interval = 10_000
/** ms that the flow may hold everything up before that is told. */
const longHold = 60_000

/** Replaces the reader of a shard whose fetch hangs, it alone; tells when the flow holds everything up for long. */
export class Watchdog {
  readonly #context: SourceContext
  readonly #readers: () => readonly ShardReader[]
  #heldSince: number | undefined
  #isToldOfHold: boolean = false

  constructor(context: SourceContext, readers: () => readonly ShardReader[]) {
    this.#context = context
    this.#readers = readers
  }

  /** Looks until the signal is aborted. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, stallTimeout } = this.#context.settings
    try {
      while (!signal.aborted) {
        await clock.delay(Math.min(interval, Math.max(10, stallTimeout / 3)), signal)
        for (const reader of this.#readers()) this.#look(reader)
        this.#lookAtFlow()
      }
    } catch {
      // Only the signal ends it.
    }
  }

  #look(reader: ShardReader): void {
    const { clock, stallTimeout } = this.#context.settings
    const { fetchingSince: since, logstore, shard } = reader
    if (since === undefined || clock.now() - since <= stallTimeout) return
    this.#context.emitter.emit('stalled', { logstore, shard, duration: clock.now() - since })
    reader.rebuild()
  }

  #lookAtFlow(): void {
    const { handOver, gate, settings, emitter } = this.#context
    const isHeld = !handOver.isPaused && (handOver.isHeldUp || gate.waiting > 0)
    if (!isHeld) {
      this.#heldSince = undefined
      this.#isToldOfHold = false
      return
    }
    const now = settings.clock.now()
    this.#heldSince ??= now
    if (this.#isToldOfHold || now - this.#heldSince < longHold) return
    this.#isToldOfHold = true
    const inFlight = handOver.inFlightBytes
    emitter.emit('held', { duration: now - this.#heldSince, held: gate.held, limit: gate.limit, inFlight })
  }
}
