import { SlsClient } from '../client/client'
import { SlsError } from '../client/errors'
import { callable, checkedName, checkedObject, longestTimer } from '../client/option-checks'
import type { ClientOptions } from '../client/options'
import type { SourceBatch } from './batch'
import { Checkpoints } from './checkpoints'
import { abortable, Condition } from './condition'
import type { SourceContext } from './context'
import { Damages } from './damages'
import { Discovery } from './discovery'
import { SourceEmitter, type SourceEvents, type SourceListener, sourceEvents } from './events'
import type { Fetched } from './fetched'
import { groupParts } from './group-parts'
import { HandOver } from './hand-over'
import { LagMeter } from './lag-meter'
import { MemoryGate } from './memory-gate'
import { type Metric, metricsOf } from './metrics'
import { checkSourceOptions, type DefaultPosition, type SourceOptions, type StartPosition } from './options'
import { PersistentCalls } from './persistent-calls'
import { Progress } from './progress'
import { PullLimiter } from './pull-limiter'
import { PulledBodies } from './pulled-bodies'
import { RateMeter } from './rate-meter'
import { Seeking, type ShardPlace } from './seeking'
import { ShardSet } from './shard-set'
import type { SourceClient } from './source-client'
import { type SourceStatus, statusOf } from './status'
import { Totals } from './totals'
import { Watchdog } from './watchdog'

export type { Refusal, SourceBatch, SourceGroup } from './batch'
export type { SourceEvents, SourceListener } from './events'
export type { Metric } from './metrics'
export type {
  CheckpointMode,
  DefaultPosition,
  InvalidCursorPolicy,
  PoisonPolicy,
  SourceOptions,
  StartPosition
} from './options'
export type { ShardState, SourceState, SourceStatus } from './status'
export type { SourceCounts } from './totals'

/** ms after the stop time from which the service tells reliably where to stop. */
const stopMargin = 1000

/**
 * Reads logstores as a stream of batches. Not asking for the next batch is back-pressure: at most one fetch a shard is
 * made ahead. Nothing but `close` and the stop time ends it: whatever fails is told of and tried again.
 */
export class SlsSource implements AsyncIterable<SourceBatch> {
  readonly #context: SourceContext
  readonly #ownClient: SlsClient | undefined
  readonly #discovery: Discovery
  readonly #shards: ShardSet
  readonly #seeking: Seeking
  readonly #rate: RateMeter
  /** Ends reading. */
  readonly #reading = new AbortController()
  /** Ends the last saves and commits. */
  readonly #working = new AbortController()
  #running: Promise<unknown> | undefined
  #closing: Promise<void> | undefined
  #settling: Promise<void> | undefined
  #isDone: boolean = false
  #end: 'done' | 'closed' | undefined

  /** @throws SlsError `InvalidOption`; its `field` names the option, its message what was expected */
  constructor(options: SourceOptions) {
    const { client: given } = checkedObject('options', options)
    this.#ownClient = isClient(given) ? undefined : new SlsClient(given)
    const client: SourceClient = this.#ownClient ?? (given as SourceClient)
    this.#context = this.#assemble(client, options)
    const { calls, settings } = this.#context
    this.#rate = new RateMeter(() => settings.clock.now())
    this.#shards = new ShardSet(this.#context, (logstore, isCertain) => {
      if (isCertain) this.#discovery.refresh(logstore)
      else this.#discovery.suspect(logstore)
    })
    this.#seeking = new Seeking(this.#context, this.#shards, () => this.#begin(), this.#reading.signal)
    this.#discovery = new Discovery(client, calls, settings, {
      listed: async (logstore, shards) => {
        await this.#shards.listed(logstore, shards)
        this.#finishIfDone()
      },
      absent: (logstore) => this.#shards.absent(logstore)
    })
    this.#context.emitter.on('finished', ({ logstore }) => {
      this.#context.membership?.beat(logstore)
      this.#finishIfDone()
    })
    this.#context.emitter.on('commit', ({ logstore, shard }) => {
      if (this.#shards.hasFinished(logstore, shard)) this.#context.membership?.beat(logstore)
    })
  }

  /** Reading begins with the first batch that is asked for. Iterators of one source share its batches. */
  [Symbol.asyncIterator](): AsyncIterator<SourceBatch> {
    return { next: () => this.#next() }
  }

  status(): SourceStatus {
    return statusOf({
      context: this.#context,
      readers: this.#shards.readers,
      logsPerSecond: this.#rate.perSecond,
      end: this.#end
    })
  }

  /** The figures of `status` in the form that monitoring systems take. */
  metrics(): Metric[] {
    return metricsOf(this.status())
  }

  /** @throws SlsError `InvalidOption` for an event that there is not */
  on<Name extends keyof SourceEvents>(name: Name, listener: SourceListener<Name>): this {
    this.#context.emitter.on(checkedName('event', name, sourceEvents), callable('listener', listener))
    return this
  }

  off<Name extends keyof SourceEvents>(name: Name, listener: SourceListener<Name>): this {
    this.#context.emitter.off(name, listener)
    return this
  }

  /** Neither fetches nor delivers until `resume`. Progress is kept and committed all the same. */
  pause(): void {
    this.#context.handOver.pause()
  }

  resume(): void {
    this.#context.handOver.resume()
    this.#context.changed.changed()
  }

  /**
   * Makes what is acknowledged durable now, in the local state and in the consumer group.
   * @throws SlsError of the first attempt that failed; it is repeated all the same
   */
  async checkpoint(): Promise<void> {
    if (this.#isDone) return this.#settle()
    this.#assertOpen()
    await this.#context.checkpoints.checkpoint(this.#working.signal)
  }

  /**
   * Reads again from a position: all shards that are read, or one. What is in flight cannot be acknowledged any more.
   * Resolves when the new positions are durable.
   * @throws SlsError `InvalidOption` where the position or the shard is wrong, `Closed`
   */
  async seek(position: StartPosition, shard?: ShardPlace): Promise<void> {
    this.#assertOpen()
    await this.#seeking.seek(position, shard)
  }

  /**
   * Reads once more what was received from `from` up to before `to`, of all shards or one, as batches that are
   * `isReplay`; then goes on where reading stands. What is in flight cannot be acknowledged any more, and comes again.
   * Resolves when that is durable.
   * @throws SlsError `InvalidOption`, `Closed`
   */
  async replay(from: DefaultPosition, to: DefaultPosition, shard?: ShardPlace): Promise<void> {
    this.#assertOpen()
    await this.#seeking.replay(from, to, shard)
  }

  /**
   * Forgets the local progress of all shards or one, and begins where a source without any would: at the consumer
   * group's checkpoint, else at the position. Resolves when that is durable.
   * @throws SlsError `InvalidOption`, `Closed`
   */
  async forget(shard?: ShardPlace): Promise<void> {
    this.#assertOpen()
    await this.#seeking.forget(shard)
  }

  /** Changes nothing. @throws SlsError as `seek` would now */
  checkSeek(position: StartPosition, shard?: ShardPlace): void {
    this.#assertOpen()
    this.#seeking.checkSeek(position, shard)
  }

  /** Changes nothing. @throws SlsError as `replay` would now */
  checkReplay(from: DefaultPosition, to: DefaultPosition, shard?: ShardPlace): void {
    this.#assertOpen()
    this.#seeking.checkReplay(from, to, shard)
  }

  /**
   * Ends the iteration, saves and commits what is acknowledged, within `closeTimeout`. Late acknowledgements have no
   * effect. Never rejects.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #assemble(client: SourceClient, options: SourceOptions): SourceContext {
    const settings = checkSourceOptions(options, client.retryPolicy)
    const { clock } = settings
    const emitter = new SourceEmitter()
    const calls = new PersistentCalls(settings.retry, clock, emitter, settings.random)
    const parts = groupParts({
      settings,
      client,
      calls,
      emitter,
      signal: this.#working.signal,
      host: {
        beaten: (logstore, isChanged) => this.#beaten(logstore, isChanged),
        handOver: (logstore, shard, end) => this.#shards.handOver(logstore, shard, end),
        lacking: async (logstore) => (await this.#context.commits?.lacking(logstore)) ?? [],
        restore: async (logstore, shards, end) => this.#context.commits?.restore(logstore, shards, end)
      }
    })
    const progress = new Progress(client.project, parts.assigner.description, () => clock.now())
    return {
      client,
      settings,
      serviceTime: () => clock.now() + (client.clockOffset ?? 0),
      ...parts,
      emitter,
      calls,
      gate: new MemoryGate(settings.memoryLimit),
      bodies: new PulledBodies(),
      pulls: PullLimiter.of(client, clock, settings.random),
      handOver: new HandOver<Fetched>(settings.maxInFlight, (fetched) => fetched.owner.mayDeliver(fetched)),
      damages: new Damages(),
      totals: new Totals(emitter),
      progress,
      checkpoints: new Checkpoints(settings, progress, calls, parts.commits),
      changed: new Condition()
    }
  }

  /** A heartbeat may bring other shards; it is also the time to look for those that ended or were born. */
  #beaten(logstore: string, isChanged: boolean): void {
    if (isChanged) this.#shards.reassign(logstore)
    this.#discovery.suspect(logstore)
    this.#finishIfDone()
  }

  async #next(): Promise<IteratorResult<SourceBatch>> {
    this.#begin()
    let fetched = await this.#context.handOver.take()
    // Between being taken and being delivered it may have been discarded, with the reader that fetched it.
    while (fetched?.settled) fetched = await this.#context.handOver.take()
    if (fetched === undefined) return { done: true, value: undefined }
    const batch = fetched.deliver()
    this.#rate.add(batch.logCount)
    return { done: false, value: batch }
  }

  #begin(): void {
    if (this.#end === undefined) this.#running ??= this.#run(this.#reading.signal)
  }

  /** Everything that goes on until the source is closed. Never rejects. */
  async #run(signal: AbortSignal): Promise<void> {
    const { checkpoints } = this.#context
    try {
      await checkpoints.restore(signal)
    } catch {
      return
    }
    const readers = () => this.#shards.readers
    await Promise.all([
      checkpoints.run(signal),
      this.#discovery.run(signal),
      this.#awaitStopTime(signal),
      new LagMeter(this.#context, readers).run(signal),
      new Watchdog(this.#context, readers).run(signal)
    ])
  }

  /**
   * Looks once more when the stop time is over: whoever reads nothing by then is done. What time the service has is known
   * from its first answer on.
   */
  async #awaitStopTime(signal: AbortSignal): Promise<void> {
    const { changed, serviceTime, settings } = this.#context
    const { clock, stopTime } = settings
    if (stopTime === undefined) return
    try {
      await changed.until(() => this.#shards.isListed, signal)
      for (let left = 1; left > 0; left = stopTime * 1000 + stopMargin - serviceTime()) {
        await clock.delay(Math.min(left, longestTimer), signal)
      }
      this.#discovery.refreshAll()
    } catch {
      // Closed before that.
    }
  }

  #finishIfDone(): void {
    const { serviceTime, settings } = this.#context
    const { clock, stopTime } = settings
    if (stopTime === undefined || this.#isDone || this.#closing !== undefined) return
    const stopsAt = stopTime * 1000 + stopMargin + clock.now() - serviceTime()
    if (!this.#discovery.isComplete(stopsAt) || !this.#shards.isFinished) return
    this.#isDone = true
    void this.#finish()
  }

  /** Everything is read and acknowledged: the iteration ends when that is saved and committed. */
  async #finish(): Promise<void> {
    await this.#settle()
    if (this.#end !== undefined) return
    this.#end = 'done'
    this.#context.handOver.end()
    this.#context.emitter.emit('done', {})
  }

  async #close(): Promise<void> {
    this.#end = 'closed'
    this.#context.handOver.end()
    await this.#settle()
    void this.#shards.discard()
    this.#ownClient?.close()
  }

  /** Ends all that goes on, and makes the last snapshot and commits, within the time-out. Never rejects. */
  #settle(): Promise<void> {
    this.#settling ??= this.#stop()
    return this.#settling
  }

  async #stop(): Promise<void> {
    const { checkpoints, settings } = this.#context
    const { signal } = this.#working
    this.#reading.abort()
    settings.clock.delay(settings.closeTimeout, signal).then(
      () => this.#working.abort(),
      () => undefined
    )
    await abortable(Promise.all([this.#shards.halt(), this.#running]), signal).catch(() => undefined)
    if (this.#running !== undefined) await checkpoints.finish(signal)
    await this.#context.membership?.leave(signal)
    this.#working.abort()
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new SlsError('Closed', 'The source is closed')
    if (this.#isDone) throw new SlsError('Closed', 'The source has read everything up to its stop time')
  }
}

function isClient(client: SourceClient | ClientOptions): client is SourceClient {
  return 'pullLogs' in checkedObject('client', client)
}
