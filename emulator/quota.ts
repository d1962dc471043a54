import { refuseUnknownName } from './known-names'
import { parameterInvalid, ServiceError } from './service-error'
import type { Shard } from './store/shard'

export interface Rate {
  callsPerSecond?: number
  bytesPerSecond?: number
}

/** What each shard may take and give, as the service documents it. */
export interface ShardQuotas {
  write: Rate
  read: Rate
}

export const DOCUMENTED_QUOTAS: ShardQuotas = {
  write: { callsPerSecond: 500, bytesPerSecond: 5 * 1024 * 1024 },
  read: { callsPerSecond: 100, bytesPerSecond: 10 * 1024 * 1024 }
}

/** Quotas as they come in JSON: `true` for the documented ones, `false` for none, or `{write, read}`. */
export function readQuotas(value: unknown): ShardQuotas | undefined {
  if (value === true) return DOCUMENTED_QUOTAS
  if (value === false) return undefined
  const { write, read } = asRecord(value, ['write', 'read'], 'quotas have')
  return { write: readRate(write ?? {}), read: readRate(read ?? {}) }
}

function readRate(value: unknown): Rate {
  const rate = asRecord(value, ['callsPerSecond', 'bytesPerSecond'], 'a rate has')
  for (const [name, number] of Object.entries(rate)) {
    if (typeof number !== 'number' || !(number >= 0))
      throw parameterInvalid(`${name} must be a number of 0 or more`)
  }
  return rate
}

function asRecord(
  value: unknown,
  names: readonly string[],
  owner: string
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null)
    throw parameterInvalid('quotas are true, false or {write, read}')
  refuseUnknownName(owner, value, names)
  return value as Readonly<Record<string, unknown>>
}

/** What a quota is used up of. */
export type Exhausted = 'calls' | 'bytes'

/** A second's worth of calls and bytes, filled steadily; the call that empties it is still let in. */
export class QuotaBucket {
  #calls: number
  #bytes: number
  #filledAt: number

  /** `now`: Unix milliseconds. */
  constructor(
    private readonly rate: Rate,
    private readonly now: () => number
  ) {
    this.#calls = rate.callsPerSecond ?? 0
    this.#bytes = rate.bytesPerSecond ?? 0
    this.#filledAt = now()
  }

  /** Counts a call; where it is one too many, counts nothing and says of what there is no more. */
  spend(bytes: number): Exhausted | undefined {
    this.#fill()
    const { callsPerSecond, bytesPerSecond } = this.rate
    if (callsPerSecond !== undefined && this.#calls < 1) return 'calls'
    if (bytesPerSecond !== undefined && this.#bytes <= 0) return 'bytes'
    this.#calls--
    this.#bytes -= bytes
    return undefined
  }

  #fill(): void {
    const now = this.now()
    const seconds = Math.max(now - this.#filledAt, 0) / 1000
    const { callsPerSecond = 0, bytesPerSecond = 0 } = this.rate
    this.#calls = Math.min(this.#calls + seconds * callsPerSecond, callsPerSecond)
    this.#bytes = Math.min(this.#bytes + seconds * bytesPerSecond, bytesPerSecond)
    this.#filledAt = now
  }
}

interface ShardBuckets {
  write: QuotaBucket
  read: QuotaBucket
}

/** The quotas of all shards; off until they are set. */
export class Quotas {
  #limits: ShardQuotas | undefined
  #buckets = new WeakMap<Shard, ShardBuckets>()

  constructor(private readonly now: () => number) {}

  get limits(): ShardQuotas | undefined {
    return this.#limits
  }

  set limits(limits: ShardQuotas | undefined) {
    this.#limits = limits
    this.#buckets = new WeakMap()
  }

  /** Counts a call on a shard, or refuses it. */
  enter(shard: Shard, direction: 'write' | 'read', bytes: number): void {
    if (this.#limits === undefined) return
    const buckets = this.#buckets.get(shard) ?? {
      write: new QuotaBucket(this.#limits.write, this.now),
      read: new QuotaBucket(this.#limits.read, this.now)
    }
    this.#buckets.set(shard, buckets)
    const exhausted = buckets[direction].spend(bytes)
    if (exhausted !== undefined) throw quotaExceeded(direction, shard.id, exhausted)
  }
}

export function quotaExceeded(
  direction: 'write' | 'read',
  shard: number,
  exhausted: Exhausted
): ServiceError {
  if (direction === 'read') {
    const what = exhausted === 'calls' ? 'qps' : 'bytes'
    return new ServiceError(403, 'ShardReadQuotaExceed', `shard read ${what} exceed quota limits`)
  }
  const message = `shard write quota exceed, please split shard, shard: ${shard}`
  return new ServiceError(403, 'ShardWriteQuotaExceed', message)
}
