import type { Batch } from './batch'
import { type BatchFrame, routeKey } from './batch-key'

interface Link {
  readonly batch: Batch
  next: Link | undefined
}

/** Batches of one route, first in first out; one that is to be tried again goes to the front. */
class Lane {
  #first: Link | undefined
  #last: Link | undefined

  /** The first batch that is still to be sent. */
  get head(): Batch | undefined {
    while (this.#first !== undefined && this.#first.batch.state !== 'queued') this.#removeFirst()
    return this.#first?.batch
  }

  push(batch: Batch): void {
    const link: Link = { batch, next: undefined }
    if (this.#last === undefined) this.#first = link
    else this.#last.next = link
    this.#last = link
  }

  pushFront(batch: Batch): void {
    this.#first = { batch, next: this.#first }
    this.#last ??= this.#first
  }

  shift(): void {
    if (this.head !== undefined) this.#removeFirst()
  }

  #removeFirst(): void {
    this.#first = this.#first?.next
    if (this.#first === undefined) this.#last = undefined
  }
}

/** How long calls to a place must wait: milliseconds, 0 for not at all, Infinity until another call has ended. */
export interface Waits {
  logstore(logstore: string): number
  route(frame: BatchFrame): number
}

/** Batches ready to be sent, by logstore and route, so that one that must wait holds up nobody else's. */
export class DispatchQueue {
  readonly #logstores = new Map<string, Map<string, Lane>>()

  push(batch: Batch): void {
    this.#laneOf(batch.frame).push(batch)
  }

  pushFront(batch: Batch): void {
    this.#laneOf(batch.frame).pushFront(batch)
  }

  /**
   * Takes the next batch that may be sent, in turn by logstore and route; if there is none, tells in how many
   * milliseconds there may be one.
   */
  take(waits: Waits): Batch | number {
    let soonest = Number.POSITIVE_INFINITY
    for (const [logstore, lanes] of this.#logstores) {
      const logstoreWait = waits.logstore(logstore)
      const found = logstoreWait > 0 ? logstoreWait : this.#takeFrom(lanes, waits)
      if (lanes.size === 0) this.#logstores.delete(logstore)
      if (typeof found !== 'number') {
        if (lanes.size > 0) toEnd(this.#logstores, logstore, lanes)
        return found
      }
      soonest = Math.min(soonest, found)
    }
    return soonest
  }

  /** Forgets batches that were settled while they waited, as far as they stand in front. */
  prune(frame: BatchFrame): void {
    const lanes = this.#logstores.get(frame.logstore)
    const key = routeKey(frame)
    if (lanes === undefined || lanes.get(key)?.head !== undefined) return
    lanes.delete(key)
    if (lanes.size === 0) this.#logstores.delete(frame.logstore)
  }

  clear(): void {
    this.#logstores.clear()
  }

  #takeFrom(lanes: Map<string, Lane>, waits: Waits): Batch | number {
    let soonest = Number.POSITIVE_INFINITY
    for (const [key, lane] of lanes) {
      const { head } = lane
      if (head === undefined) {
        lanes.delete(key)
        continue
      }
      const wait = waits.route(head.frame)
      if (wait > 0) {
        soonest = Math.min(soonest, wait)
        continue
      }
      lane.shift()
      if (lane.head === undefined) lanes.delete(key)
      else toEnd(lanes, key, lane)
      return head
    }
    return soonest
  }

  #laneOf(frame: BatchFrame): Lane {
    let lanes = this.#logstores.get(frame.logstore)
    if (lanes === undefined) {
      lanes = new Map()
      this.#logstores.set(frame.logstore, lanes)
    }
    const key = routeKey(frame)
    let lane = lanes.get(key)
    if (lane === undefined) {
      lane = new Lane()
      lanes.set(key, lane)
    }
    return lane
  }
}

function toEnd<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key)
  map.set(key, value)
}
