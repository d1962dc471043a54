import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SourceBatch } from '../engine/source/batch'
import type { Acknowledgements, ShardName } from './acknowledgements'
import { type DeliveryUnit, deliveryUnits, type MessageOptions } from './log-to-message'
import type { NodeMessage } from './node-red'

export interface DeliveryOptions extends MessageOptions {
  /** Messages are finished when they come back; else as soon as the flow has taken them. */
  manual: boolean
  send(message: NodeMessage): void
}

/** Logs sent, and milliseconds spent on them, before the event loop gets a turn. */
const sliceLogs = 128
const sliceTime = 5

/**
 * Sends batches to the flow one message at a time. Node-RED routes a message only in a later turn of the event loop,
 * so what was sent counts as taken once such a turn is over and the node still runs.
 */
export class LogDelivery {
  /** Messages sent since the node started. */
  sent = 0
  private course = 0
  private running: Promise<void> = Promise.resolve()
  private batch: SourceBatch | undefined

  constructor(
    private readonly acknowledgements: Acknowledgements,
    private readonly options: DeliveryOptions
  ) {}

  /**
   * Resolves when the batch is sent, or given up because of `interrupt`.
   * @throws SlsError `CorruptBody`: nothing was sent of the group at fault and of those after it.
   */
  deliver(batch: SourceBatch): Promise<void> {
    this.batch = batch
    this.running = this.sendBatch(batch)
    return this.running
  }

  /** Lets go of the batch at hand, if it is of the shard: nothing more of it is sent. Resolves when that is so. */
  async interrupt(shard?: ShardName): Promise<void> {
    const { batch } = this
    if (shard !== undefined && (batch?.logstore !== shard.logstore || batch.shard !== shard.shard)) return
    this.course++
    await this.running.catch(() => undefined)
  }

  private async sendBatch(batch: SourceBatch): Promise<void> {
    const course = this.course
    const slice = new Slice()
    try {
      const units = deliveryUnits(batch, this.options)
      batch.onOverdue = (error) => {
        for (const unit of units) this.acknowledgements.refuseOpen(unit, error)
      }
      for (const unit of units) {
        if (!(await this.sendUnit(unit, slice, course))) return
      }
    } finally {
      await this.endSlice(slice, course)
    }
  }

  /** False when interrupted. */
  private async sendUnit(unit: DeliveryUnit, slice: Slice, course: number): Promise<boolean> {
    const message = await unit.open()
    if (course !== this.course) return false
    const { whole, wants } = this.acknowledgements.begin(unit)
    for (let index = 0; index < unit.messages; index++) {
      if (!wants(index)) continue
      try {
        const next = message(index)
        // Part of a sequence would keep a Join node waiting for the rest.
        if (!whole) delete next['parts']
        this.options.send(next)
      } catch (error) {
        for (let rest = index; rest < unit.messages; rest++) {
          if (wants(rest)) this.acknowledgements.notSent(unit, rest)
        }
        throw error
      }
      this.sent++
      slice.add(unit, index)
      if (slice.isFull() && !(await this.endSlice(slice, course))) return false
    }
    return true
  }

  private async endSlice(slice: Slice, course: number): Promise<boolean> {
    await nextTurn()
    if (course !== this.course) return false
    if (!this.options.manual) {
      for (const { unit, from, to } of slice.ranges) this.acknowledgements.acknowledgeOwn(unit, from, to)
    }
    slice.restart()
    return true
  }
}

/** Messages sent since the event loop's last turn. */
class Slice {
  ranges: { unit: DeliveryUnit; from: number; to: number }[] = []
  private count = 0
  private began = performance.now()

  add(unit: DeliveryUnit, index: number): void {
    this.count += Math.max(1, unit.logs / unit.messages)
    const last = this.ranges[this.ranges.length - 1]
    if (last !== undefined && last.to === index && last.unit === unit) last.to = index + 1
    else this.ranges.push({ unit, from: index, to: index + 1 })
  }

  isFull(): boolean {
    if (this.count >= sliceLogs) return true
    return this.count % 16 === 0 && performance.now() - this.began > sliceTime
  }

  restart(): void {
    this.ranges = []
    this.count = 0
    this.began = performance.now()
  }
}
