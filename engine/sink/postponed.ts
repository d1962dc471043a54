import type { StoredRecord } from '../state/spool/spool-reader'

/** Records that are remembered, of some 300 bytes each; more are not read until some of these are sent. */
const MOST = 50_000

/** Where a record is, without its body. */
export type RecordPlace = Omit<StoredRecord, 'body'>

interface Waiting {
  /** In the order of writing. */
  readonly places: RecordPlace[]
  /** By the sink's clock; before that none is tried. */
  dueAt: number
  /** One alone is out to try. */
  probing: boolean
  failing: boolean
}

/**
 * Records that stay on disk because their logstore takes none at present, so that those of other logstores go on. After
 * a while one is tried; its success lets the others follow, in the order of writing and before any that are newer.
 */
export class Postponed {
  readonly #waiting = new Map<string, Waiting>()
  #count = 0

  get count(): number {
    return this.#count
  }

  get isFull(): boolean {
    return this.#count >= MOST
  }

  /** Unix milliseconds at which the oldest went to disk; Infinity where there is none. */
  get oldest(): number {
    let oldest = Number.POSITIVE_INFINITY
    for (const { places } of this.#waiting.values())
      oldest = Math.min(oldest, places[0]?.head.time ?? Number.POSITIVE_INFINITY)
    return oldest
  }

  /** Whether records for the logstore have to wait behind others. */
  concerns(logstore: string): boolean {
    return this.#waiting.has(logstore)
  }

  /** @param dueAt given where the record was tried in vain */
  add({ head, segment, offset }: RecordPlace, dueAt?: number): void {
    const { logstore } = head
    const known = this.#waiting.get(logstore)
    const waiting = known ?? { places: [], dueAt: 0, probing: false, failing: false }
    if (known === undefined) this.#waiting.set(logstore, waiting)
    if (dueAt !== undefined) Object.assign(waiting, { dueAt, failing: true, probing: false })
    let index = waiting.places.length
    while (index > 0 && (waiting.places[index - 1]?.head.seq ?? 0) > head.seq) index--
    waiting.places.splice(index, 0, { head, segment, offset })
    this.#count++
  }

  /** Takes a record that may be tried now and that `fits`, if there is one. */
  takeDue(now: number, fits: (place: RecordPlace) => boolean): RecordPlace | undefined {
    for (const [logstore, waiting] of this.#waiting) {
      const [first] = waiting.places
      if (waiting.probing || waiting.dueAt > now || first === undefined || !fits(first)) continue
      waiting.places.shift()
      this.#count--
      if (waiting.failing) waiting.probing = true
      else if (waiting.places.length === 0) this.#waiting.delete(logstore)
      return first
    }
    return undefined
  }

  /** Takes out what `isOver` says. */
  takeAll(isOver: (place: RecordPlace) => boolean): RecordPlace[] {
    const taken: RecordPlace[] = []
    for (const [logstore, waiting] of this.#waiting) {
      const kept = waiting.places.filter((place) => !isOver(place))
      if (kept.length === waiting.places.length) continue
      taken.push(...waiting.places.filter(isOver))
      waiting.places.splice(0, waiting.places.length, ...kept)
      if (kept.length === 0 && !waiting.probing) this.#waiting.delete(logstore)
    }
    this.#count -= taken.length
    return taken
  }

  /** A record is gone that may have been out to try: another one tries in its stead. */
  gone(logstore: string): void {
    const waiting = this.#waiting.get(logstore)
    if (waiting === undefined) return
    waiting.probing = false
    if (waiting.places.length === 0) this.#waiting.delete(logstore)
  }

  /** The logstore took logs. */
  succeeded(logstore: string): void {
    const waiting = this.#waiting.get(logstore)
    if (waiting === undefined) return
    Object.assign(waiting, { failing: false, probing: false, dueAt: 0 })
    if (waiting.places.length === 0) this.#waiting.delete(logstore)
  }

  /** Milliseconds until one may be tried; Infinity where none waits for its time. */
  wait(now: number): number {
    let wait = Number.POSITIVE_INFINITY
    for (const { places, dueAt, probing } of this.#waiting.values())
      if (!probing && places.length > 0) wait = Math.min(wait, Math.max(0, dueAt - now))
    return wait
  }
}
