import type { SlsError } from '../client/errors'
import { BackoffGate } from './backoff-gate'
import { type BatchFrame, routeKey } from './batch-key'
import { ConcurrencyLimit } from './concurrency-limit'
import type { SinkSettings } from './options'
import { Pace } from './pace'

/** Places remembered although no call is out to them. */
const MOST_PLACES = 1024

/** The back-off and the pace of all calls to one place. */
interface PlaceRate {
  readonly gate: BackoffGate
  readonly pace: Pace
}

interface LogstoreRate extends PlaceRate {
  readonly limit: ConcurrencyLimit
  inFlight: number
}

/** A call between its start and its end. */
export interface Call {
  readonly startedAt: number
  readonly frame: BatchFrame
  readonly bytes: number
  readonly logstore: LogstoreRate
  readonly route: PlaceRate | undefined
  readonly saturated: boolean
}

/** One place that gets less than the full rate. */
export interface Slowdown {
  /** Empty where the quota of the whole project is used up. */
  logstore: string
  /** Of the shard that is throttled, where it is a single one. */
  hashKey?: string
  /** Requests in flight allowed. */
  limit: number
  /** Milliseconds until the next request may start. */
  resumeIn: number
  /** The rate that it has settled at, before compression, where it was throttled. */
  bytesPerSecond?: number
}

/**
 * When which call may start. What the service or the network refuses slows down only what it concerns: everything
 * when no answer came or the project's quota is used up, the hash key's shard when that one is throttled, else the
 * logstore.
 */
export class RateControl {
  /** Of all calls: they go to one project at one endpoint. */
  readonly #project: PlaceRate
  readonly #logstores = new Map<string, LogstoreRate>()
  readonly #routes = new Map<string, PlaceRate & { readonly frame: BatchFrame }>()

  constructor(
    private readonly settings: Pick<
      SinkSettings,
      'clock' | 'retry' | 'random' | 'concurrency' | 'adaptiveConcurrency'
    >
  ) {
    this.#project = this.#placeRate(settings.clock.now())
  }

  /** Failures of the project's calls since the last success; calls in flight together count as one. */
  get projectFailures(): number {
    return this.#project.gate.failures
  }

  /** Milliseconds until any call may start; Infinity while one is out to try. */
  projectWait(now: number): number {
    return waitFor(this.#project, now)
  }

  /** The same for calls to one logstore; Infinity also while its limit is reached. */
  logstoreWait(logstore: string, now: number): number {
    const rate = this.#logstores.get(logstore)
    if (rate === undefined) return 0
    return rate.inFlight >= rate.limit.current ? Number.POSITIVE_INFINITY : waitFor(rate, now)
  }

  /** The same for calls with one hash key. */
  routeWait(frame: BatchFrame, now: number): number {
    if (frame.hashKey === undefined || this.#routes.size === 0) return 0
    const rate = this.#routes.get(routeKey(frame))
    return rate === undefined ? 0 : waitFor(rate, now)
  }

  /** @param bytes before compression */
  begin(frame: BatchFrame, bytes: number, now: number): Call {
    const logstore = this.#logstoreRate(frame.logstore, now)
    const route = frame.hashKey === undefined ? undefined : this.#routes.get(routeKey(frame))
    logstore.inFlight++
    const saturated = logstore.inFlight >= logstore.limit.current
    const call: Call = { startedAt: now, frame, bytes, logstore, route, saturated }
    for (const { gate, pace } of this.#placesOf(call)) {
      gate.begin(call)
      pace.begin(bytes, now)
    }
    return call
  }

  /** The call was accepted. */
  succeeded(call: Call, now: number): void {
    this.#end(call)
    for (const { gate, pace } of this.#placesOf(call)) {
      gate.succeed(call.startedAt)
      pace.succeeded(call.bytes, now)
    }
    if (call.route?.gate.isOpen && call.route.pace.isCalmAt(now)) this.#routes.delete(routeKey(call.frame))
    call.logstore.limit.succeeded(call.startedAt, now, call.saturated)
  }

  /** The service answered, but the fault lies with the call and not with the rate. */
  refused(call: Call): void {
    this.#end(call)
    for (const { gate } of this.#placesOf(call)) gate.succeed(call.startedAt)
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
    const { startedAt, logstore } = call
    const place = this.#concerned(call, error, now)
    for (const other of this.#placesOf(call)) {
      if (other === place) break
      other.gate.succeed(startedAt)
    }
    if (isThrottle(error)) {
      if (this.settings.adaptiveConcurrency && isQuota(error)) place.pace.throttled(startedAt, now)
      if (!this.#isRoute(place)) logstore.limit.throttled(startedAt, now)
    }
    return place.gate.fail(startedAt, now)
  }

  slowdowns(now: number): Slowdown[] {
    const slow: Slowdown[] = []
    const tell = (logstore: string, limit: number, place: PlaceRate, hashKey?: string) => {
      const bytesPerSecond = place.pace.limitAt(now)
      if (place.gate.isOpen && limit >= this.settings.concurrency && bytesPerSecond === undefined) return
      const wait = waitFor(place, now)
      const slowdown: Slowdown = { logstore, limit, resumeIn: Number.isFinite(wait) ? Math.round(wait) : 0 }
      if (hashKey !== undefined) slowdown.hashKey = hashKey
      if (bytesPerSecond !== undefined) slowdown.bytesPerSecond = bytesPerSecond
      slow.push(slowdown)
    }
    const { concurrency } = this.settings
    if (this.#project.pace.limitAt(now) !== undefined) tell('', concurrency, this.#project)
    for (const [logstore, rate] of this.#logstores) tell(logstore, rate.limit.current, rate)
    for (const { frame, ...rate } of this.#routes.values())
      tell(frame.logstore, concurrency, rate, frame.hashKey)
    return slow
  }

  #end(call: Call): void {
    call.logstore.inFlight--
    for (const { gate } of this.#placesOf(call)) gate.end(call)
  }

  /** What the call passes, from the widest to the narrowest. */
  #placesOf(call: Call): PlaceRate[] {
    return call.route === undefined
      ? [this.#project, call.logstore]
      : [this.#project, call.logstore, call.route]
  }

  #concerned(call: Call, error: SlsError, now: number): PlaceRate {
    if (error.status === undefined || isProjectQuota(error)) return this.#project
    if (isShardQuota(error) && call.frame.hashKey !== undefined) return this.#routeRate(call.frame, now)
    return call.logstore
  }

  #isRoute(place: PlaceRate): boolean {
    return 'frame' in place
  }

  #placeRate(now: number): PlaceRate {
    const { retry, random } = this.settings
    return { gate: new BackoffGate(retry, random), pace: new Pace(now, retry.maxRetryBackoff) }
  }

  #logstoreRate(name: string, now: number): LogstoreRate {
    const known = this.#logstores.get(name)
    if (known !== undefined) return known
    const { concurrency, adaptiveConcurrency } = this.settings
    const limit = new ConcurrencyLimit(concurrency, adaptiveConcurrency)
    const rate = { ...this.#placeRate(now), limit, inFlight: 0 }
    forgetOldest(this.#logstores, (idle) => idle.inFlight === 0)
    this.#logstores.set(name, rate)
    return rate
  }

  #routeRate(frame: BatchFrame, now: number): PlaceRate {
    const key = routeKey(frame)
    const known = this.#routes.get(key)
    if (known !== undefined) return known
    const rate = { ...this.#placeRate(now), frame }
    forgetOldest(this.#routes, (idle) => waitFor(idle, now) === 0)
    this.#routes.set(key, rate)
    return rate
  }
}

function waitFor({ gate, pace }: PlaceRate, now: number): number {
  return Math.max(gate.waitAt(now), pace.waitAt(now))
}

function forgetOldest<Place>(places: Map<string, Place>, mayForget: (place: Place) => boolean): void {
  if (places.size < MOST_PLACES) return
  for (const [key, place] of places) {
    if (!mayForget(place)) continue
    places.delete(key)
    return
  }
}

function isProjectQuota(error: SlsError): boolean {
  return /^writequotaexceed/i.test(error.code)
}

function isShardQuota(error: SlsError): boolean {
  return /^shardwritequotaexceed/i.test(error.code)
}

function isQuota(error: SlsError): boolean {
  return error.status === 429 || /quota/i.test(error.code)
}

function isThrottle(error: SlsError): boolean {
  return error.status === 403 || error.status === 429 || error.status === 503
}
