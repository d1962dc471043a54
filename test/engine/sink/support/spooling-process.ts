import { setTimeout as pause } from 'node:timers/promises'
import { SlsClient } from '../../../../engine/client/client'
import type { SinkOptions } from '../../../../engine/sink/options'
import { SlsSink } from '../../../../engine/sink/sink'

/** What the process is told, as JSON in its one argument. */
export interface SpoolingOrders {
  endpoint: string
  project: string
  accessKeyId: string
  accessKeySecret: string
  sink: Partial<SinkOptions>
  /** The number of the first log. */
  first: number
  /** Logs a second; 0: as fast as writes are done. */
  rate: number
  /** Keys that the logs are for in turn, write by write. */
  keys: readonly string[]
}

/** What it says at its end: logs, and bytes of memory. */
export interface SpoolingResult {
  written: number
  failed: number
  spooled: number
  /** Of the resident set since the baseline. */
  growth: number
  /** Of the buffer. */
  peak: number
}

/** Logs of a write. */
const WRITE = 25
/** Writes that are not done, where no rate is given. */
const MOST_PENDING = 32
/** Milliseconds between writes at a rate. */
const TICK = 50
const TEXT =
  'an ordinary line of a log, of about a hundred bytes, as they come from a device or a small service'

/**
 * Writes numbered logs and prints `done FIRST` for each write that is done. `baseline` on its channel makes it note its
 * memory, `finish` makes it stop writing, and print how much that grew once everything is sent.
 */
class SpoolingProcess {
  readonly #sink: SlsSink
  #next: number
  #pending = 0
  #writing = true
  #baseline = Number.POSITIVE_INFINITY
  #peak = 0

  constructor(private readonly orders: SpoolingOrders) {
    const { endpoint, project, accessKeyId, accessKeySecret } = orders
    const client = new SlsClient({ endpoint, project, credentials: { accessKeyId, accessKeySecret } })
    this.#sink = new SlsSink({ client, logstore: 'access', ...orders.sink })
    this.#next = orders.first
    setInterval(() => {
      this.#peak = Math.max(this.#peak, process.memoryUsage.rss())
    }, 50).unref()
  }

  hear(message: unknown): void {
    if (message === 'baseline') {
      this.#baseline = process.memoryUsage.rss()
      this.#peak = this.#baseline
    }
    if (message === 'finish') this.#writing = false
  }

  async run(): Promise<void> {
    const { rate } = this.orders
    const startedAt = performance.now()
    let written = 0
    while (this.#writing) {
      if (rate === 0) {
        if (this.#pending < MOST_PENDING) this.#write()
        else await pause(1)
      } else {
        for (; written < ((performance.now() - startedAt) / 1000) * rate; written += WRITE) this.#write()
        await pause(TICK)
      }
    }
    const isDone = () => this.#pending === 0 && this.#sink.status().spool?.logs === 0
    while (!isDone()) await pause(20)
    const { failed, spooled, memory } = this.#sink.status()
    const result: SpoolingResult = {
      written: this.#next - this.orders.first,
      failed,
      spooled,
      growth: this.#peak - this.#baseline,
      peak: memory.peak
    }
    console.log(`result ${JSON.stringify(result)}`)
    await this.#sink.close()
    process.exit(0)
  }

  #write(): void {
    const first = this.#next
    this.#next += WRITE
    this.#pending++
    const { keys } = this.orders
    const hashKey = keys[(first / WRITE) % Math.max(1, keys.length)]
    const time = Math.floor(Date.now() / 1000)
    const logs = Array.from({ length: WRITE }, (_, place) => ({
      time,
      contents: { id: String(first + place), text: TEXT }
    }))
    this.#sink
      .write({ hashKey, logs })
      .then(
        () => console.log(`done ${first}`),
        (error: unknown) => console.log(`failed ${first} ${String(error)}`)
      )
      .finally(() => this.#pending--)
  }
}

const spooling = new SpoolingProcess(JSON.parse(process.argv[2] ?? '') as SpoolingOrders)
process.on('message', (message) => spooling.hear(message))
spooling.run().catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
