import { isDeepStrictEqual } from 'node:util'
import { encodeCursor } from '../client/cursor'
import { emptySnapshot, type ProgressSnapshot, type ShardProgress } from '../state/progress-snapshot'
import type { Range } from './ledger'

/** How far a shard is read at this moment. */
export interface LiveProgress {
  readonly lowWater: bigint
  readonly acked: readonly Range[]
  readonly finished: boolean
  readonly createTime: number
  readonly replayUntil: bigint | undefined
}

/** Where a live shard's progress stands. */
export interface ShardPosition {
  readonly logstore: string
  readonly shard: number
  readonly position: bigint
  /** Whose position it is. */
  readonly reading: object
}

interface Live {
  readonly logstore: string
  readonly shard: number
  readonly look: () => LiveProgress | undefined
}

/**
 * The progress of all shards of a source: what was restored, until a shard is read again, and what is read now. What
 * was restored stays until it is used or its shard is gone, whether or not its logstore can be seen at the moment.
 */
export class Progress {
  readonly #project: string
  readonly #assignment: string
  readonly #now: () => number
  readonly #live = new Map<string, Live>()
  #snapshot: ProgressSnapshot = emptySnapshot()
  #version = 0

  /**
   * @param assignment names the assignment that this source reads under
   * @param now Unix milliseconds
   */
  constructor(project: string, assignment: string, now: () => number) {
    this.#project = project
    this.#assignment = assignment
    this.#now = now
  }

  restore(snapshot: ProgressSnapshot): void {
    this.#snapshot = { version: 1, shards: { ...snapshot.shards }, logstores: { ...snapshot.logstores } }
  }

  /** What is kept of a shard. */
  of(logstore: string, shard: number): ShardProgress | undefined {
    return own(this.#snapshot.shards, this.#key(logstore, shard))
  }

  /** True where somebody else may have read the shard since the progress that is kept of it. */
  hasMoved(logstore: string, shard: number): boolean {
    const kept = this.of(logstore, shard)?.assignment
    return kept !== undefined && kept !== this.#assignment
  }

  /** The shard is read now; `look` tells how far, undefined as long as nothing is known. */
  follow(logstore: string, shard: number, look: () => LiveProgress | undefined): void {
    this.#live.set(this.#key(logstore, shard), { logstore, shard, look })
  }

  /** The shard is not read any more; how far it was stays. */
  unfollow(logstore: string, shard: number): void {
    const key = this.#key(logstore, shard)
    const live = this.#live.get(key)
    if (live !== undefined) this.#take(key, live)
    this.#live.delete(key)
  }

  /** Somebody else reads the shard. */
  release(logstore: string, shard: number): void {
    const key = this.#key(logstore, shard)
    const kept = own(this.#snapshot.shards, key)
    if (kept === undefined || kept.assignment === '') return
    this.#snapshot.shards[key] = { ...kept, assignment: '' }
    this.#version++
  }

  /** Nothing is known of the shard any more. */
  forget(logstore: string, shard: number): void {
    const key = this.#key(logstore, shard)
    this.#live.delete(key)
    if (own(this.#snapshot.shards, key) === undefined) return
    delete this.#snapshot.shards[key]
    this.#version++
  }

  /** The shards of a logstore of which something is kept. */
  shardsOf(logstore: string): number[] {
    const prefix = `${this.#project}/${logstore}/`
    return Object.keys(this.#snapshot.shards)
      .filter((key) => key.startsWith(prefix))
      .map((key) => Number(key.slice(prefix.length)))
  }

  /** The shards that stood when the logstore was first seen; undefined where it never was. */
  initialShards(logstore: string): ReadonlySet<number> | undefined {
    const known = own(this.#snapshot.logstores ?? {}, `${this.#project}/${logstore}`)
    return known && new Set(known.initialShards)
  }

  setInitialShards(logstore: string, shards: readonly number[]): void {
    this.#snapshot.logstores = {
      ...this.#snapshot.logstores,
      [`${this.#project}/${logstore}`]: { initialShards: [...shards] }
    }
    this.#version++
  }

  /** A copy of all progress, the positions of the live shards in it, and a number that changes with it. */
  capture(): { snapshot: ProgressSnapshot; positions: ShardPosition[]; version: number } {
    const positions: ShardPosition[] = []
    for (const [key, live] of this.#live) {
      const position = this.#take(key, live)
      const { logstore, shard } = live
      if (position !== undefined) positions.push({ logstore, shard, position, reading: live })
    }
    return { snapshot: structuredClone(this.#snapshot), positions, version: this.#version }
  }

  /** False where the shard was lost, or is read from elsewhere, since the position was taken. */
  isCurrent({ logstore, shard, reading }: ShardPosition): boolean {
    return this.#live.get(this.#key(logstore, shard)) === reading
  }

  /** Takes over how far a live shard is; its position. */
  #take(key: string, live: Live): bigint | undefined {
    const state = live.look()
    if (state === undefined) return undefined
    const kept = own(this.#snapshot.shards, key)
    const current = this.#format(state)
    if (kept === undefined || !isDeepStrictEqual({ ...kept, updateTime: 0 }, current)) {
      this.#snapshot.shards[key] = { ...current, updateTime: this.#now() }
      this.#version++
    }
    return state.lowWater
  }

  #format({ lowWater, acked, finished, createTime, replayUntil }: LiveProgress): ShardProgress {
    return {
      cursor: encodeCursor(lowWater),
      updateTime: 0,
      ...(finished ? { finished } : {}),
      ...(acked.length === 0
        ? {}
        : { acked: acked.map(([from, to]) => [encodeCursor(from), encodeCursor(to)]) }),
      ...(replayUntil === undefined || lowWater >= replayUntil
        ? {}
        : { replayUntil: encodeCursor(replayUntil) }),
      ...(createTime === 0 ? {} : { createTime }),
      assignment: this.#assignment
    }
  }

  #key(logstore: string, shard: number): string {
    return `${this.#project}/${logstore}/${shard}`
  }
}

function own<T>(record: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}
