import { RateMeter } from './rate-meter'

/** Logs that the service accepted. */
export class Throughput {
  readonly #logRate: RateMeter
  readonly #byteRate: RateMeter
  logs = 0
  /** Encoded. */
  bytes = 0

  constructor(now: number) {
    this.#logRate = new RateMeter(now)
    this.#byteRate = new RateMeter(now)
  }

  add(logs: number, bytes: number, now: number): void {
    this.logs += logs
    this.bytes += bytes
    this.#logRate.add(logs, now)
    this.#byteRate.add(bytes, now)
  }

  /** Over the last ten seconds. */
  perSecond(now: number): { logs: number; bytes: number } {
    return { logs: this.#logRate.perSecond(now), bytes: this.#byteRate.perSecond(now) }
  }
}
