/** Positions [from, to) of a shard; a position is a decoded cursor. */
export type Range = readonly [from: bigint, to: bigint]

/** One fetch in flight. */
export interface LedgerEntry {
  readonly from: bigint
  readonly to: bigint
  /** Log groups of the fetch. */
  readonly count: number
  /** Position of the first group where each group takes the next one; undefined where that is not known. */
  readonly first: bigint | undefined
}

interface Entry extends LedgerEntry {
  /** Groups acknowledged from the first on, without a gap. */
  prefix: number
  /** Groups acknowledged behind a gap. */
  readonly scattered: Set<number>
}

/**
 * What of one shard is fetched and what of that is acknowledged. The low-water mark, the first position that is not
 * acknowledged, never passes a group that is not, in whatever order the acknowledgements come.
 */
export class Ledger {
  readonly #entries: Entry[] = []
  #ahead: Range[]
  #position: bigint
  #lowWater: bigint

  /** @param acked Acknowledged ranges beyond `start`, in order: they are not fetched again. */
  constructor(start: bigint, acked: readonly Range[] = []) {
    this.#position = start
    this.#lowWater = start
    this.#ahead = merged(acked)
    this.#passAcknowledged()
  }

  /** The position of the next fetch. */
  get position(): bigint {
    return this.#position
  }

  get lowWater(): bigint {
    return this.#lowWater
  }

  /** Where the next fetch must end because what follows is acknowledged already; undefined where nothing is. */
  get fetchEnd(): bigint | undefined {
    return this.#ahead[0]?.[0]
  }

  /** Nothing that was fetched waits for its acknowledgement. */
  get settled(): boolean {
    return this.#entries.length === 0
  }

  /**
   * A fetch from `position` to `to`. Groups that were acknowledged before are so at once.
   * @param first See LedgerEntry.
   */
  add(to: bigint, count: number, first: bigint | undefined): LedgerEntry {
    const entry: Entry = { from: this.#position, to, count, first, prefix: 0, scattered: new Set() }
    this.#position = to
    this.#entries.push(entry)
    if (first !== undefined) this.#acknowledgeAhead(entry, first)
    this.#passAcknowledged()
    this.#raise()
    return entry
  }

  /** Leaves out what lies before `position`: it cannot be read any more. */
  skipTo(position: bigint): void {
    this.#position = position
    this.#passAcknowledged()
    this.#raise()
  }

  /** Acknowledges the first `groups` groups of a fetch. */
  ackFirst(entry: LedgerEntry, groups: number): void {
    const own = entry as Entry
    own.prefix = Math.max(own.prefix, Math.min(groups, own.count))
    this.#closeGap(own)
    this.#raise()
  }

  /** Acknowledges one group of a fetch, by its index. */
  ackOne(entry: LedgerEntry, index: number): void {
    const own = entry as Entry
    if (index < own.prefix || index >= own.count) return
    own.scattered.add(index)
    this.#closeGap(own)
    this.#raise()
  }

  isAcked(entry: LedgerEntry, index?: number): boolean {
    const own = entry as Entry
    if (index === undefined) return own.prefix === own.count
    return index < own.prefix || own.scattered.has(index)
  }

  /** Acknowledged ranges beyond the low-water mark, in order and apart from each other. */
  ackedBeyond(): Range[] {
    const ranges: Range[] = []
    for (const entry of this.#entries) ranges.push(...ackedRanges(entry))
    return merged([...ranges, ...this.#ahead]).filter(([, to]) => to > this.#lowWater)
  }

  #raise(): void {
    let settled = 0
    for (const entry of this.#entries) {
      if (entry.prefix < entry.count) break
      settled++
    }
    if (settled > 0) this.#entries.splice(0, settled)
    const oldest = this.#entries[0]
    if (oldest === undefined) this.#lowWater = this.#position
    else if (oldest.prefix > 0 && oldest.first !== undefined)
      this.#lowWater = oldest.first + BigInt(oldest.prefix)
    else this.#lowWater = oldest.from
  }

  #closeGap(entry: Entry): void {
    if (entry.scattered.size === 0) return
    while (entry.scattered.delete(entry.prefix)) entry.prefix++
    for (const index of entry.scattered) if (index < entry.prefix) entry.scattered.delete(index)
  }

  #acknowledgeAhead(entry: Entry, first: bigint): void {
    for (const [from, to] of this.#ahead) {
      if (from >= entry.to) return
      for (let index = 0; index < entry.count; index++) {
        const at = first + BigInt(index)
        if (at >= from && at < to) entry.scattered.add(index)
      }
    }
    this.#closeGap(entry)
  }

  /** Moves the position over what is acknowledged already. */
  #passAcknowledged(): void {
    let range = this.#ahead[0]
    while (range !== undefined && range[0] <= this.#position) {
      this.#ahead.shift()
      if (range[1] > this.#position) {
        this.#entries.push(passed(this.#position, range[1]))
        this.#position = range[1]
      }
      range = this.#ahead[0]
    }
    this.#raise()
  }
}

/** An entry of a range that needs neither a fetch nor an acknowledgement. */
function passed(from: bigint, to: bigint): Entry {
  return { from, to, count: 0, first: from, prefix: 0, scattered: new Set() }
}

function ackedRanges(entry: Entry): Range[] {
  if (entry.prefix === entry.count) return [[entry.from, entry.to]]
  const { first, count } = entry
  if (first === undefined) return []
  const end = (index: number) => (index === count - 1 ? entry.to : first + BigInt(index) + 1n)
  const ranges: Range[] = entry.prefix === 0 ? [] : [[entry.from, first + BigInt(entry.prefix)]]
  for (const index of [...entry.scattered].sort((a, b) => a - b)) {
    ranges.push([first + BigInt(index), end(index)])
  }
  return ranges
}

/** The same positions in ranges that are in order and neither overlap nor touch. */
function merged(ranges: readonly Range[]): Range[] {
  const result: [bigint, bigint][] = []
  for (const [from, to] of [...ranges].sort(byStart)) {
    const last = result[result.length - 1]
    if (from >= to) continue
    if (last === undefined || from > last[1]) result.push([from, to])
    else if (to > last[1]) last[1] = to
  }
  return result
}

function byStart(a: Range, b: Range): number {
  if (a[0] === b[0]) return 0
  return a[0] < b[0] ? -1 : 1
}
