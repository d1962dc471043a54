import type { DeliveryUnit } from './log-to-message'

export interface ShardName {
  logstore: string
  shard: number
}

/** What of a unit that is not finished as a whole needs no delivery any more. */
interface PartOfUnit {
  /** Messages that the unit became; another number means that the output was another one. */
  readonly messages: number
  /** Inclusive ranges of message numbers. */
  readonly finished: readonly (readonly [from: number, to: number])[]
}

/** By the unit's key. */
export type PartialProgress = Record<string, PartOfUnit>

const outstanding = 0
const acknowledged = 1
const refused = 2

interface SentUnit {
  unit: DeliveryUnit
  /** One of the three above for each message. */
  readonly marks: Uint8Array
  open: number
}

/** What of a unit is to be sent. */
export interface UnitDelivery {
  /** False where some of its messages were sent before. */
  readonly whole: boolean
  wants(message: number): boolean
}

/**
 * Which messages the flow has finished, in whatever order it says so. A unit (a log group or a fetch) is
 * acknowledged with its last message. Where a message is refused, the source is asked for the unit's batch again, and
 * of that only the refused messages are sent.
 */
export class Acknowledgements {
  private readonly sent = new Map<string, SentUnit[]>()
  private readonly earlier = new Map<string, PartOfUnit>()

  /** Takes over what an earlier run of the node had finished of units that were not finished as a whole. */
  restore(partial: PartialProgress): void {
    for (const [key, part] of Object.entries(partial)) this.earlier.set(key, part)
  }

  /** Enters a unit and says what of it is to be sent. */
  begin(unit: DeliveryUnit): UnitDelivery {
    const known = this.sent.get(unit.place)?.find((sent) => sent.unit.key === unit.key)
    if (known !== undefined && isSame(known.unit, unit)) return redelivery(known, unit)
    this.forget(unit)
    return this.enter(unit)
  }

  private enter(unit: DeliveryUnit): UnitDelivery {
    const marks = new Uint8Array(unit.messages)
    const part = this.earlier.get(unit.key)
    const ranges = part?.messages === unit.messages ? part.finished : []
    this.earlier.delete(unit.key)
    for (const [from, to] of ranges) marks.fill(acknowledged, from, to + 1)
    const open = marks.reduce((count, mark) => (mark === outstanding ? count + 1 : count), 0)
    if (open === 0) {
      unit.acknowledge()
      return { whole: false, wants: () => false }
    }
    const units = this.sent.get(unit.place)
    const entered = { unit, marks, open }
    if (units === undefined) this.sent.set(unit.place, [entered])
    else units.push(entered)
    if (ranges.length === 0) return { whole: true, wants: () => true }
    const wanted = marks.slice()
    return { whole: false, wants: (message) => wanted[message] === outstanding }
  }

  /** The messages `from` to before `to` of a unit are finished. */
  acknowledgeOwn(unit: DeliveryUnit, from: number, to: number): void {
    const sent = this.sent.get(unit.place)?.find((candidate) => candidate.unit.key === unit.key)
    if (sent !== undefined) this.finish(sent, from, to)
  }

  /**
   * The message at a place is finished; `index` and `count` as its `msg.sls` has them. False where no such message
   * waits.
   */
  acknowledge(place: string, index: number, count?: number): boolean {
    const sent = this.find(place, index)
    if (count !== undefined && sent?.unit.logs !== count) return false
    if (sent === undefined) return false
    const message = index - sent.unit.firstIndex
    this.finish(sent, message, message + 1)
    return true
  }

  /** The message is to be delivered again. False where it does not wait, so that there is nothing to deliver. */
  refuse(place: string, index: number, error: unknown): boolean {
    const sent = this.find(place, index)
    if (sent === undefined) return false
    const message = index - sent.unit.firstIndex
    return this.refuseMessage(sent, message, error)
  }

  /** All messages of a unit that the flow still has are to be delivered again. */
  refuseOpen(unit: DeliveryUnit, error: unknown): void {
    const sent = this.sent.get(unit.place)?.find((candidate) => candidate.unit.key === unit.key)
    if (sent === undefined) return
    for (let message = 0; message < sent.marks.length; message++) this.refuseMessage(sent, message, error)
  }

  private refuseMessage(sent: SentUnit, message: number, error: unknown): boolean {
    if (sent.marks[message] !== outstanding) return false
    sent.marks[message] = refused
    if (sent.unit.refuse(error, message) === 'givenUp') this.finish(sent, message, message + 1)
    return true
  }

  /** A message of a unit could not be sent: it is when the unit comes again. */
  notSent(unit: DeliveryUnit, message: number): void {
    const sent = this.sent.get(unit.place)?.find((candidate) => candidate.unit.key === unit.key)
    if (sent?.marks[message] === outstanding) sent.marks[message] = refused
  }

  /** Forgets what was sent, of one shard or of all: what comes back of it has no effect any more. */
  clear(shard?: ShardName): void {
    for (const units of [this.sent, this.earlier]) {
      for (const key of units.keys()) if (shard === undefined || isOf(shard, key)) units.delete(key)
    }
  }

  /** Messages sent and not finished. */
  get waiting(): number {
    let count = 0
    for (const units of this.sent.values()) for (const { open } of units) count += open
    return count
  }

  /** What is finished of units that are not finished as a whole; a restart need not deliver it again. */
  partial(): PartialProgress {
    const partial: PartialProgress = Object.fromEntries(this.earlier)
    for (const units of this.sent.values()) {
      for (const { unit, marks } of units) {
        const finished = acknowledgedRanges(marks)
        if (finished.length > 0) partial[unit.key] = { messages: unit.messages, finished }
      }
    }
    return partial
  }

  private find(place: string, index: number): SentUnit | undefined {
    if (!Number.isInteger(index)) return undefined
    return this.sent
      .get(place)
      ?.find(({ unit }) => index >= unit.firstIndex && index < unit.firstIndex + unit.messages)
  }

  private finish(sent: SentUnit, from: number, to: number): void {
    for (let message = from; message < to; message++) {
      if (sent.marks[message] === acknowledged) continue
      sent.marks[message] = acknowledged
      sent.open--
    }
    if (sent.open > 0) return
    this.forget(sent.unit)
    sent.unit.acknowledge()
  }

  private forget(unit: DeliveryUnit): void {
    const others = this.sent.get(unit.place)?.filter((sent) => sent.unit.key !== unit.key) ?? []
    if (others.length === 0) this.sent.delete(unit.place)
    else this.sent.set(unit.place, others)
  }
}

/** @param key `project/logstore/shard/...` */
function isOf({ logstore, shard }: ShardName, key: string): boolean {
  const [, keyLogstore, keyShard] = key.split('/', 3)
  return keyLogstore === logstore && keyShard === String(shard)
}

/** A fetch that is made again may hold more. */
function isSame(one: DeliveryUnit, other: DeliveryUnit): boolean {
  return one.messages === other.messages && one.logs === other.logs
}

/** The same unit once more: only what was refused is sent, for the rest the flow still has it or is done. */
function redelivery(sent: SentUnit, unit: DeliveryUnit): UnitDelivery {
  sent.unit = unit
  const again = new Set<number>()
  sent.marks.forEach((mark, message) => {
    if (mark !== refused) return
    sent.marks[message] = outstanding
    again.add(message)
  })
  return { whole: false, wants: (message) => again.has(message) }
}

function acknowledgedRanges(marks: Uint8Array): [number, number][] {
  const ranges: [number, number][] = []
  let from = -1
  for (let message = 0; message <= marks.length; message++) {
    if (marks[message] === acknowledged) {
      if (from < 0) from = message
    } else if (from >= 0) {
      ranges.push([from, message - 1])
      from = -1
    }
  }
  return ranges
}
