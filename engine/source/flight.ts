import { encodeCursor } from '../client/cursor'
import { SlsError } from '../client/errors'
import type { SourceBatch } from './batch'
import { Condition } from './condition'
import type { SourceContext } from './context'
import { Fetched, type FetchOwner, type Poison } from './fetched'
import type { Ledger } from './ledger'
import { reasonText } from './reason'
import { Redeliveries } from './redeliveries'
import type { FetchAnswer } from './shard-fetch'

export interface FlightHost {
  readonly logstore: string
  readonly shard: number
  /** Something in flight is acknowledged as a whole. */
  settled(): void
  /** Something in flight cannot be decoded. */
  refetch(): void
  /** Nothing is to be read behind what the flow cannot take. */
  stop(error: SlsError): void
}

/** What of one shard is fetched and not yet acknowledged. */
export class Flight implements FetchOwner {
  readonly project: string
  readonly logstore: string
  readonly shard: number
  readonly maxRedeliveries: number
  /** Something was delivered, or needs not be any more. */
  readonly moved = new Condition()
  readonly #context: SourceContext
  readonly #host: FlightHost
  readonly #redeliveries: Redeliveries
  readonly #outstanding = new Set<Fetched>()
  #isWithdrawn: boolean = false
  /** Those of which the rest comes before all that was fetched later. */
  readonly #narrowed = new Set<Fetched>()
  readonly #timers = new Map<Fetched, AbortController>()
  #logs = 0
  #refusals = 0

  constructor(context: SourceContext, host: FlightHost) {
    this.project = context.client.project
    this.logstore = host.logstore
    this.shard = host.shard
    this.maxRedeliveries = context.settings.maxRedeliveries
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
  enter(ledger: Ledger, answer: FetchAnswer, isReplay: boolean): Fetched | undefined {
    const { to, groups, first, rawSize, receiveTime, memory } = answer
    const entry = ledger.add(to, groups.length, first)
    if (ledger.isAcked(entry)) {
      memory.release()
      return undefined
    }
    const fetched = new Fetched(this, { ledger, entry, groups, rawSize, receiveTime, isReplay, memory })
    this.#outstanding.add(fetched)
    return fetched
  }

  /** Nothing of it can be acknowledged any more. */
  discard(): void {
    this.#redeliveries.end()
    for (const fetched of this.#outstanding) {
      this.#endTimer(fetched)
      fetched.discard()
      this.#context.handOver.settle(fetched)
    }
    this.#outstanding.clear()
    this.#narrowed.clear()
    this.moved.changed()
  }

  /** Nothing is given to the flow any more; what the flow has can still be acknowledged. */
  withdraw(): void {
    this.#isWithdrawn = true
    this.#redeliveries.end()
    for (const fetched of [...this.#outstanding]) if (!fetched.isWithFlow) this.#drop(fetched)
  }

  mayDeliver(fetched: Fetched): boolean {
    if (!this.#redeliveries.mayDeliver(fetched)) return false
    if (!this.#context.settings.inOrder) return true
    for (const { entry } of this.#narrowed) if (entry.from < fetched.entry.from) return false
    return true
  }

  delivered(fetched: Fetched, batch: SourceBatch): void {
    this.#logs += batch.logCount
    this.#context.totals.delivered(batch.logCount)
    this.#redeliveries.delivered(fetched)
    this.#changed()
    if (this.#context.settings.ackTimeout > 0) void this.#awaitAck(fetched, batch)
  }

  acknowledged(fetched: Fetched): void {
    if (!fetched.settled) return
    this.#endTimer(fetched)
    this.#outstanding.delete(fetched)
    this.#narrowed.delete(fetched)
    this.#redeliveries.settled(fetched)
    this.#context.handOver.settle(fetched)
    this.#host.settled()
    this.#changed()
  }

  refused(fetched: Fetched, error: unknown, times: number): void {
    this.#refusals++
    this.#endTimer(fetched)
    if (this.#isWithdrawn) {
      this.#drop(fetched)
      return
    }
    if (fetched.isNarrowed) this.#narrowed.add(fetched)
    this.#context.handOver.settle(fetched)
    this.#redeliveries.refused(fetched, error, times)
  }

  continued(fetched: Fetched): void {
    this.#endTimer(fetched)
    if (this.#isWithdrawn) {
      this.#drop(fetched)
      return
    }
    if (!fetched.isNarrowed) this.#narrowed.delete(fetched)
    this.#context.handOver.settle(fetched)
    this.#context.handOver.offerAgain(fetched)
  }

  passes({ cursor, index, group, log, refusals, error }: Poison): boolean {
    const { logstore, shard } = this
    const isPassed = this.#context.settings.onPoison === 'skip'
    const place = index === undefined ? 'log group' : `log ${index}`
    const poison = new SlsError(
      'PoisonLog',
      `The ${place} at ${cursor} of ${logstore}/${shard} was refused ${refusals} times: ${reasonText(error)}`,
      { attempts: refusals, cause: error }
    )
    this.#context.emitter.emit('poison', {
      logstore,
      shard,
      cursor,
      index,
      refusals,
      error: poison,
      reason: error,
      log: log === undefined ? undefined : group.logs()[log],
      group,
      stopped: !isPassed
    })
    if (!isPassed) this.#host.stop(poison)
    return isPassed
  }

  damaged(position: bigint): number {
    return this.#context.damages.count(this.logstore, this.shard, position)
  }

  /** Refuses what is not acknowledged in time. */
  async #awaitAck(fetched: Fetched, batch: SourceBatch): Promise<void> {
    const { clock, ackTimeout } = this.#context.settings
    const timer = new AbortController()
    this.#timers.set(fetched, timer)
    try {
      await clock.delay(ackTimeout, timer.signal)
    } catch {
      return
    }
    if (this.#timers.get(fetched) !== timer) return
    this.#timers.delete(fetched)
    const { logstore, shard } = this
    const cursor = encodeCursor(fetched.entry.from)
    this.#context.emitter.emit('overdue', { logstore, shard, cursor, deliveries: fetched.deliveries })
    const error = new SlsError('AckTimeout', `Not acknowledged within ${ackTimeout} ms`, {
      retryability: 'transient'
    })
    if (batch.onOverdue === undefined) batch.nack(error)
    else batch.onOverdue(error)
  }

  #endTimer(fetched: Fetched): void {
    this.#timers.get(fetched)?.abort()
    this.#timers.delete(fetched)
  }

  #drop(fetched: Fetched): void {
    this.#narrowed.delete(fetched)
    fetched.discard()
    this.#outstanding.delete(fetched)
    this.#context.handOver.settle(fetched)
    this.#changed()
  }

  #changed(): void {
    this.moved.changed()
    this.#context.changed.changed()
  }
}
