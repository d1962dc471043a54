import type { SlsError } from '../client/errors'
import { BackoffGate } from './backoff-gate'
import { type BatchFrame, routeKey } from './batch-key'
import { ConcurrencyLimit } from './concurrency-limit'
import type { SinkSettings } from './options'

/** Places remembered although no call is out to them. */
const MOST_PLACES = 1024

interface LogstoreRate {
  gate: BackoffGate
  limit: ConcurrencyLimit
  inFlight: number
}

/** A call between its start and its end. */
export interface Call {
  readonly startedAt: number
  readonly frame: BatchFrame
  readonly logstore: LogstoreRate
  readonly route: BackoffGate | undefined
  readonly saturated: boolean
}

/** One logstore that gets less than the full rate. */
export interface Slowdown {
  logstore: string
  /** Requests in flight allowed. */
  limit: number
  /** Milliseconds until the next request may start. */
  resumeIn: number
}

/**
 * When which call may start. What the service or the network refuses slows down only what it concerns: the endpoint
 * when no answer came, the hash key's shard when that one is throttled, else the logstore.
 */
export class RateControl {
  readonly #endpoint: BackoffGate
  readonly #logstores = new Map<string, LogstoreRate>()
  readonly #routes = new Map<string, BackoffGate>()

  constructor(
    private readonly settings: Pick<SinkSettings, 'retry' | 'random' | 'concurrency' | 'adaptiveConcurrency'>
  ) {
    this.#endpoint = this.#gate()
  }

  /** Milliseconds until any call may start; Infinity while one is out to try. */
  endpointWait(now: number): number {
    return this.#endpoint.waitAt(now)
  }

  /** The same for calls to one logstore; Infinity also while its limit is reached. */
  logstoreWait(logstore: string, now: number): number {
    const rate = this.#logstores.get(logstore)
    if (rate === undefined) return 0
    return rate.inFlight >= rate.limit.current ? Number.POSITIVE_INFINITY : rate.gate.waitAt(now)
  }

  /** The same for calls with one hash key. */
  routeWait(frame: BatchFrame, now: number): number {
    if (frame.hashKey === undefined || this.#routes.size === 0) return 0
    return this.#routes.get(routeKey(frame))?.waitAt(now) ?? 0
  }

  begin(frame: BatchFrame, now: number): Call {
    const logstore = this.#logstoreRate(frame.logstore)
    const route = frame.hashKey === undefined ? undefined : this.#routes.get(routeKey(frame))
    logstore.inFlight++
    const saturated = logstore.inFlight >= logstore.limit.current
    const call: Call = { startedAt: now, frame, logstore, route, saturated }
    for (const gate of gatesOf(call, this.#endpoint)) gate.begin(call)
    return call
  }

  /** The call was accepted. */
  succeeded(call: Call, now: number): void {
    this.#end(call)
    for (const gate of gatesOf(call, this.#endpoint)) gate.succeed(call.startedAt)
    if (call.route?.isOpen) this.#routes.delete(routeKey(call.frame))
    call.logstore.limit.succeeded(call.startedAt, now, call.saturated)
  }

  /** The service answered, but the fault lies with the call and not with the rate. */
  refused(call: Call): void {
    this.#end(call)
    this.#endpoint.succeed(call.startedAt)
    call.logstore.gate.succeed(call.startedAt)
    call.route?.succeed(call.startedAt)
  }

  /** The call was given up before its outcome was known. */
  abandoned(call: Call): void {
    this.#end(call)
  }

  /**
   * A transient failure.
   * @returns milliseconds until the next call to the place that is concerned
   */
  failed(call: Call, error: SlsError, now: number): number {
    this.#end(call)
    if (error.status === undefined) return this.#endpoint.fail(call.startedAt, now)
    this.#endpoint.succeed(call.startedAt)
    if (isShardQuota(error) && call.frame.hashKey !== undefined) {
      call.logstore.gate.succeed(call.startedAt)
      return this.#routeGate(call.frame, now).fail(call.startedAt, now)
    }
    if (isThrottle(error)) call.logstore.limit.throttled(call.startedAt, now)
    return call.logstore.gate.fail(call.startedAt, now)
  }

  slowdowns(now: number): Slowdown[] {
    const slow: Slowdown[] = []
    for (const [logstore, { gate, limit }] of this.#logstores) {
      if (gate.isOpen && limit.isFull) continue
      const wait = gate.waitAt(now)
      slow.push({ logstore, limit: limit.current, resumeIn: Number.isFinite(wait) ? Math.round(wait) : 0 })
    }
    return slow
  }

  #end(call: Call): void {
    call.logstore.inFlight--
    for (const gate of gatesOf(call, this.#endpoint)) gate.end(call)
  }

  #gate(): BackoffGate {
    return new BackoffGate(this.settings.retry, this.settings.random)
  }

  #logstoreRate(name: string): LogstoreRate {
    const known = this.#logstores.get(name)
    if (known !== undefined) return known
    const { concurrency, adaptiveConcurrency } = this.settings
    const rate = {
      gate: this.#gate(),
      limit: new ConcurrencyLimit(concurrency, adaptiveConcurrency),
      inFlight: 0
    }
    forgetOldest(this.#logstores, (idle) => idle.inFlight === 0)
    this.#logstores.set(name, rate)
    return rate
  }

  #routeGate(frame: BatchFrame, now: number): BackoffGate {
    const key = routeKey(frame)
    const known = this.#routes.get(key)
    if (known !== undefined) return known
    const gate = this.#gate()
    forgetOldest(this.#routes, (idle) => idle.waitAt(now) === 0)
    this.#routes.set(key, gate)
    return gate
  }
}

function gatesOf(call: Call, endpoint: BackoffGate): BackoffGate[] {
  const gates = [endpoint, call.logstore.gate]
  if (call.route !== undefined) gates.push(call.route)
  return gates
}

function forgetOldest<Place>(places: Map<string, Place>, mayForget: (place: Place) => boolean): void {
  if (places.size < MOST_PLACES) return
  for (const [key, place] of places) {
    if (!mayForget(place)) continue
    places.delete(key)
    return
  }
}

function isShardQuota(error: SlsError): boolean {
  return /^shardwritequotaexceed/i.test(error.code)
}

function isThrottle(error: SlsError): boolean {
  return error.status === 403 || error.status === 429 || error.status === 503
}
