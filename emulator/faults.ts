import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultKind, FaultSpec } from './fault-spec'
import { ConnectionCut } from './http/connection-cut'
import { type Exhausted, QuotaBucket } from './quota'
import { ServiceError } from './service-error'

export interface FaultState extends FaultSpec {
  id: string
  /** Calls it has struck. */
  hits: number
  /** Calls it still strikes; absent without a count. */
  remaining?: number
}

/** What a call is, as far as faults tell calls apart. */
export interface FaultTarget {
  call: string
  logstore: string | undefined
  shard: number | undefined
}

/** How an answer leaves. */
export type Delivery = 'whole' | 'cut' | 'half' | 'corrupt'

/** Statuses other than 400 that the service documents with its codes. */
const CODES_OF_STATUS: readonly (readonly [status: number, codes: string])[] = [
  [401, 'SignatureNotMatch Unauthorized InvalidAccessKeyId InvalidAccessKeyId.NotFound'],
  [401, 'SecurityToken.Expired SecurityTokenExpired'],
  [
    403,
    'WriteQuotaExceed ShardWriteQuotaExceed ReadQuotaExceed ShardReadQuotaExceed ExceedQuota ProjectForbidden'
  ],
  [404, 'ProjectNotExist LogStoreNotExist ConsumerGroupNotExist ConsumerNotExist ConfigNotExist'],
  [404, 'GroupNotExist ShipperNotExist UserNotExist CategoryNotExist TopicNotExist'],
  [405, 'InvalidMethod'],
  [411, 'MissingContentLength'],
  [415, 'InvalidContentType'],
  [500, 'InternalServerError UnknownError RequestTimeout'],
  [501, 'NotImplemented'],
  [503, 'ServerBusy']
]
const STATUS_OF_CODE = new Map(
  CODES_OF_STATUS.flatMap(([status, codes]) => codes.split(' ').map((code) => [code, status] as const))
)

/** All faults that are set, and their turn. */
export class Faults {
  readonly #faults = new Map<string, Fault>()
  #serial = 0

  /** `now`: Unix milliseconds, for throttling. */
  constructor(private readonly now: () => number) {}

  add(spec: FaultSpec): string {
    const id = `f${++this.#serial}`
    this.#faults.set(id, new Fault(id, spec, this.now))
    return id
  }

  remove(id: string): boolean {
    return this.#faults.delete(id)
  }

  clear(): void {
    this.#faults.clear()
  }

  list(): FaultState[] {
    return [...this.#faults.values()].map((fault) => fault.state())
  }

  /** Counts an effect that took place when the fault was added. */
  struck(id: string): void {
    this.#faults.get(id)?.strikeNow()
  }

  /** The faults for one call; undefined, and so free of cost, where none is set. */
  session(target: FaultTarget): FaultSession | undefined {
    return this.#faults.size === 0 ? undefined : new FaultSession([...this.#faults.values()], target)
  }
}

class Fault {
  #hits = 0
  #random: () => number
  readonly #buckets = new Map<string, QuotaBucket>()

  constructor(
    readonly id: string,
    readonly spec: FaultSpec,
    private readonly now: () => number
  ) {
    this.#random = spec.seed === undefined ? Math.random : seededRandom(spec.seed)
  }

  state(): FaultState {
    const { count } = this.spec
    return {
      id: this.id,
      ...this.spec,
      hits: this.#hits,
      ...(count === undefined ? {} : { remaining: Math.max(count - this.#hits, 0) })
    }
  }

  isFor({ call, logstore, shard }: FaultTarget): boolean {
    const { spec } = this
    const calls = typeof spec.call === 'string' ? [spec.call] : spec.call
    return (
      (calls === undefined || calls.includes(call)) &&
      (spec.logstore === undefined || spec.logstore === logstore) &&
      (spec.shard === undefined || spec.shard === shard)
    )
  }

  /** Takes a turn: true where the fault strikes this time. */
  strikes(): boolean {
    if (this.spec.count !== undefined && this.#hits >= this.spec.count) return false
    if (this.spec.probability !== undefined && this.#random() >= this.spec.probability) return false
    this.strikeNow()
    return true
  }

  strikeNow(): void {
    this.#hits++
  }

  /** The quota that a `throttle` leaves to a shard. */
  bucket(target: FaultTarget): QuotaBucket {
    const key = `${target.logstore}/${target.shard}`
    const bucket = this.#buckets.get(key) ?? new QuotaBucket(this.spec, this.now)
    this.#buckets.set(key, bucket)
    return bucket
  }

  error(): ServiceError {
    const { code = 'InternalServerError', message = 'injected fault', status } = this.spec
    return new ServiceError(status ?? STATUS_OF_CODE.get(code) ?? 400, code, message)
  }
}

/** The faults of one call, asked at the points of its way. */
export class FaultSession {
  readonly #candidates: Fault[]

  constructor(
    faults: readonly Fault[],
    private target: FaultTarget
  ) {
    this.#candidates = [...faults]
  }

  /** Milliseconds to add to the service's clock. */
  skew(): number {
    return this.#take('clockSkew').reduce((sum, { spec }) => sum + (spec.skew ?? 0), 0)
  }

  /** Before the call acts, and again once a write knows its shard. */
  async before(gone: () => AbortSignal): Promise<void> {
    for (const { spec } of this.#take('delay')) {
      await sleep(spec.delay ?? 0, undefined, { signal: gone() }).catch(() => {
        throw new ConnectionCut('the client has gone')
      })
    }
    if (this.#take('cutBefore').length > 0) throw new ConnectionCut('injected fault')
    const [failing] = this.#take('error')
    if (failing !== undefined) throw failing.error()
  }

  enterShard(shard: number, bytes: number, quotaError: (exhausted: Exhausted) => ServiceError): void {
    this.target = { ...this.target, shard }
    for (const fault of this.#candidates) {
      if (fault.spec.kind !== 'throttle' || !fault.isFor(this.target)) continue
      const exhausted = fault.bucket(this.target).spend(bytes)
      if (exhausted !== undefined && fault.strikes()) throw quotaError(exhausted)
    }
  }

  /** After the call acted: how its answer leaves. */
  delivery(hasBody: boolean): Delivery {
    if (this.#take('cutAfter').length > 0) return 'cut'
    if (!hasBody) return 'whole'
    if (this.#take('halfBody').length > 0) return 'half'
    return this.#take('corruptBody').length > 0 ? 'corrupt' : 'whole'
  }

  /** The faults of a kind that strike this call; each is asked once a call. */
  #take(kind: FaultKind): Fault[] {
    const matching = this.#candidates.filter((fault) => fault.spec.kind === kind && fault.isFor(this.target))
    for (const fault of matching) this.#candidates.splice(this.#candidates.indexOf(fault), 1)
    return matching.filter((fault) => fault.strikes())
  }
}

/** Mulberry32. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
