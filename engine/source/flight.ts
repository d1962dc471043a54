import type { SourceContext } from './context'
import { Fetched, type FetchOwner } from './fetched'
import type { Ledger } from './ledger'
import { Redeliveries } from './redeliveries'
import type { FetchAnswer } from './shard-fetch'

export interface FlightHost {
  readonly logstore: string
  readonly shard: number
  /** Something in flight is acknowledged as a whole. */
  settled(): void
  /** Something in flight cannot be decoded. */
  refetch(): void
}

/** What of one shard is fetched and not yet acknowledged. */
export class Flight implements FetchOwner {
  readonly project: string
  readonly logstore: string
  readonly shard: number
  readonly #context: SourceContext
  readonly #host: FlightHost
  readonly #redeliveries: Redeliveries
  readonly #outstanding = new Set<Fetched>()
  #isWithdrawn: boolean = false
  #logs = 0
  #refusals = 0

  constructor(context: SourceContext, host: FlightHost) {
    this.project = context.client.project
    this.logstore = host.logstore
    this.shard = host.shard
    this.#context = context
    this.#host = host
    this.#redeliveries = new Redeliveries(context, host)
  }

  get batches(): number {
    return this.#outstanding.size
  }

  get bytes(): number {
    let bytes = 0
    for (const { rawSize } of this.#outstanding) bytes += rawSize
    return bytes
  }

  /** Logs given to the flow, repeats included. */
  get logs(): number {
    return this.#logs
  }

  /** Batches that the flow gave back. */
  get refusals(): number {
    return this.#refusals
  }

  /** Enters an answer into the ledger; what of it the flow has to be given, if anything. */
  enter(ledger: Ledger, answer: FetchAnswer): Fetched | undefined {
    const { to, groups, first, rawSize, receiveTime, memory } = answer
    const entry = ledger.add(to, groups.length, first)
    if (ledger.isAcked(entry)) {
      memory.release()
      return undefined
    }
    const fetched = new Fetched(this, { ledger, entry, groups, rawSize, receiveTime, memory })
    this.#outstanding.add(fetched)
    return fetched
  }

  /** Nothing of it can be acknowledged any more. */
  discard(): void {
    this.#redeliveries.end()
    for (const fetched of this.#outstanding) {
      fetched.discard()
      this.#context.handOver.settle(fetched)
    }
    this.#outstanding.clear()
  }

  /** Nothing is given to the flow any more; what the flow has can still be acknowledged. */
  withdraw(): void {
    this.#isWithdrawn = true
    this.#redeliveries.end()
    for (const fetched of [...this.#outstanding]) if (!fetched.isWithFlow) this.#drop(fetched)
  }

  mayDeliver(fetched: Fetched): boolean {
    return this.#redeliveries.mayDeliver(fetched)
  }

  delivered(fetched: Fetched, logs: number): void {
    this.#logs += logs
    this.#redeliveries.delivered(fetched)
    this.#context.changed.changed()
  }

  acknowledged(fetched: Fetched): void {
    if (!fetched.settled) return
    this.#outstanding.delete(fetched)
    this.#redeliveries.settled(fetched)
    this.#context.handOver.settle(fetched)
    this.#host.settled()
    this.#context.changed.changed()
  }

  refused(fetched: Fetched, error: unknown): void {
    this.#refusals++
    if (this.#isWithdrawn) {
      this.#drop(fetched)
      return
    }
    this.#context.handOver.settle(fetched)
    this.#redeliveries.refused(fetched, error)
  }

  #drop(fetched: Fetched): void {
    fetched.discard()
    this.#outstanding.delete(fetched)
    this.#context.handOver.settle(fetched)
    this.#context.changed.changed()
  }
}
