import { decodeCursor, encodeCursor } from '../client/cursor'
import type { SlsError } from '../client/errors'
import type { Shard } from '../client/model'
import type { SourceContext } from './context'
import { asSlsError, isLogstoreAbsent, isShardAbsent } from './error-kinds'
import type { FinishReason, StartOrigin } from './events'
import { FetchPace } from './fetch-pace'
import type { Fetched } from './fetched'
import { Flight, type FlightHost } from './flight'
import { Ledger } from './ledger'
import type { LiveProgress } from './progress'
import { noCounts, type ReaderCounts, type ReaderHost, type ReaderPhase } from './reader-host'
import { ShardCursors } from './shard-cursors'
import type { FetchAnswer } from './shard-fetch'
import { ShardPuller } from './shard-puller'
import { Sleeper } from './sleeper'
import type { Start } from './start-position'
import { StopLine } from './stop-line'

/** ms before a reader that failed in an unforeseen way goes on. */
const failureWait = 5000

/** Reads one shard from its start to its end: in order, one fetch ahead of the flow. */
export class ShardReader implements FlightHost {
  readonly logstore: string
  readonly shard: number
  readonly flight: Flight
  readonly counts: ReaderCounts = noCounts()
  readonly #context: SourceContext
  readonly #host: ReaderHost
  readonly #cursors: ShardCursors
  readonly #puller: ShardPuller
  readonly #pace: FetchPace
  readonly #sleeper: Sleeper
  readonly #stopLine: StopLine
  #listed: Shard
  #ledger: Ledger | undefined
  #origin: StartOrigin | undefined
  #phase: ReaderPhase = 'starting'
  #ended: FinishReason | undefined
  #replayUntil: bigint | undefined
  #trouble: SlsError | undefined
  #receiveTime: number | undefined
  #isAtEnd: boolean = false
  #isStarted: boolean = false
  #isDiscarded: boolean = false
  #tail: bigint | undefined
  #run: { stop: AbortController; ended: Promise<void> } | undefined
  /** The end of the run before; never rejects. */
  #halted: Promise<void> = Promise.resolve()

  constructor(context: SourceContext, host: ReaderHost, logstore: string, listed: Shard) {
    const { client, calls, settings } = context
    this.logstore = logstore
    this.shard = listed.shardId
    this.#context = context
    this.#host = host
    this.#listed = listed
    this.flight = new Flight(context, this)
    this.#cursors = new ShardCursors(client, calls, logstore, this.shard, (error) => this.failed(error))
    this.#pace = new FetchPace(settings.fetchInterval, settings.random, () => context.pulls.readers)
    this.#puller = new ShardPuller(context, this, this.#cursors, this.#pace)
    this.#sleeper = new Sleeper(context.pulls.rounds)
    this.#stopLine = new StopLine(settings.stopTime, () => settings.clock.now())
    context.progress.follow(logstore, this.shard, () => this.#live())
  }

  get phase(): ReaderPhase {
    return this.#phase
  }

  get origin(): StartOrigin | undefined {
    return this.#origin
  }

  /** The shard's first position is durable. */
  get isStarted(): boolean {
    return this.#isStarted
  }

  /** What it is stopped by. */
  get trouble(): SlsError | undefined {
    return this.#trouble
  }

  /** What lies before it is read once more because somebody asked for it. */
  get replayUntil(): bigint | undefined {
    return this.#replayUntil
  }

  /** Another reader has taken its place. */
  get isDiscarded(): boolean {
    return this.#isDiscarded
  }

  /** Unix milliseconds since when a fetch is under way. */
  get fetchingSince(): number | undefined {
    return this.#puller.fetchingSince
  }

  /** More is to be read than was read, as far as is known. */
  get isBehind(): boolean {
    return !this.#isAtEnd && this.#ledger !== undefined && this.#phase !== 'finished'
  }

  /** Log groups between what is acknowledged and the end of the shard; undefined where the end is not known. */
  get lagGroups(): number | undefined {
    const ledger = this.#ledger
    if (ledger === undefined) return undefined
    const end = this.#isAtEnd ? ledger.position : this.#tail
    if (end === undefined) return undefined
    return Number((end > ledger.position ? end : ledger.position) - ledger.lowWater)
  }

  /** Undefined before the start is known. */
  get ledger(): Ledger | undefined {
    return this.#ledger
  }

  /** From where all that is not acknowledged can be read again; undefined before the start is known. */
  get reached(): Start | undefined {
    const ledger = this.#ledger
    if (ledger === undefined) return undefined
    const acked = ledger.ackedBeyond()
    return { position: ledger.lowWater, acked, origin: 'local', replayUntil: this.#replayUntil }
  }

  /** Of the first log group that is not acknowledged; empty before the start is known. */
  get cursor(): string {
    return this.#ledger === undefined ? '' : encodeCursor(this.#ledger.lowWater)
  }

  /** What the latest listing says. */
  get listed(): Shard {
    return this.#listed
  }

  /** Seconds between what was read last and now; 0 at the end of the shard, undefined before the first fetch. */
  get lagSeconds(): number | undefined {
    if (this.#isAtEnd) return 0
    if (this.#receiveTime === undefined) return undefined
    return Math.max(0, Math.floor(this.#context.settings.clock.now() / 1000) - this.#receiveTime)
  }

  /** The end of the shard lies at this cursor. */
  noteEnd(cursor: string): void {
    this.#tail = decodeCursor(cursor)
  }

  /** What is read next was received then, Unix seconds. */
  noteTime(time: number): void {
    this.#receiveTime ??= time
  }

  /** Takes up reading anew without waiting for the fetch that hangs; what is in flight stays so. */
  rebuild(): void {
    const run = this.#run
    if (run === undefined) return
    run.stop.abort()
    this.#run = undefined
    this.start()
  }

  update(listed: Shard): void {
    const hasTurned = this.#listed.status !== listed.status
    this.#listed = listed
    if (hasTurned) this.#sleeper.wake()
  }

  /** Reads, or goes on reading. */
  start(): void {
    if (this.#run !== undefined || this.#phase === 'finished' || this.#phase === 'stopped') return
    const stop = new AbortController()
    this.#run = { stop, ended: this.#halted.then(() => this.#readOn(stop.signal)) }
  }

  /** Stops fetching; what was fetched is still delivered and can be acknowledged. Never rejects. */
  async halt(): Promise<void> {
    const run = this.#run
    if (run !== undefined) {
      this.#run = undefined
      this.#halted = run.ended
      run.stop.abort()
    }
    await this.#halted
  }

  /** Reads no further, and delivers nothing more; what was delivered can still be acknowledged. */
  stop(error: SlsError): void {
    if (this.#phase === 'stopped') return
    this.#phase = 'stopped'
    this.#trouble = error
    this.flight.withdraw()
    void this.halt()
    const { logstore, shard, cursor } = this
    this.#context.emitter.emit('stopped', { logstore, shard, cursor, error })
    this.#context.changed.changed()
  }

  /** Stops for good: what is in flight cannot be acknowledged any more. Never rejects. */
  async discard(): Promise<void> {
    this.#isDiscarded = true
    const halted = this.halt()
    this.flight.discard()
    this.#context.changed.changed()
    await halted
  }

  /** The shard is not there any more; what was fetched can still be acknowledged. Never rejects. */
  async gone(): Promise<void> {
    await this.halt()
    if (this.#ended === undefined) this.#end('gone')
    this.settled()
  }

  settled(): void {
    if (this.#ended === undefined || this.#phase === 'finished' || this.#ledger?.settled === false) return
    this.#phase = 'finished'
    this.#host.finished(this.#ended)
  }

  refetch(): void {
    const { reached } = this
    if (reached !== undefined && this.#phase !== 'stopped') this.#host.restart(reached)
  }

  /** Forgets what is in flight and reads from there. */
  restartAt(position: bigint): void {
    this.#host.restart({ position, acked: [], origin: 'position' })
  }

  /** A call failed and is made again. */
  failed(error: SlsError): void {
    if (isShardAbsent(error) || isLogstoreAbsent(error)) this.#host.suspect(true)
  }

  #live(): LiveProgress | undefined {
    const ledger = this.#ledger
    if (ledger === undefined) return undefined
    return {
      lowWater: ledger.lowWater,
      acked: ledger.ackedBeyond(),
      finished: this.#phase === 'finished' && this.#ended === 'end',
      createTime: this.#listed.createTime,
      replayUntil: this.#replayUntil
    }
  }

  async #readOn(signal: AbortSignal): Promise<void> {
    const { pulls } = this.#context
    pulls.readers++
    await this.#readUntilEnd(signal).finally(() => pulls.readers--)
  }

  /** A failure that nobody foresaw must not silence the shard. */
  async #readUntilEnd(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#read(signal)
        return
      } catch (error) {
        if (signal.aborted) return
        const { logstore, shard } = this
        this.#context.emitter.emit('error', { api: 'readShard', logstore, shard, error: asSlsError(error) })
        await this.#context.settings.clock.delay(failureWait, signal).catch(() => undefined)
      }
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const ledger = await this.#begin(signal)
    const { handOver, changed } = this.#context
    if (!this.#host.mayBegin()) {
      this.#phase = 'waiting'
      await this.#host.mayBeginAtLast(signal)
    }
    this.#phase = 'reading'
    while (this.#ended === undefined && !signal.aborted) {
      await changed.until(() => !handOver.isPaused, signal)
      if (await this.#isAtStopLine(ledger, signal)) this.#end('stopTime')
      else await this.#readNext(ledger, signal)
    }
    this.settled()
  }

  async #begin(signal: AbortSignal): Promise<Ledger> {
    const { logstore, shard } = this
    let ledger = this.#ledger
    if (ledger === undefined) {
      const start = await this.#host.start(this.#cursors, signal)
      ledger = new Ledger(start.position, start.acked)
      this.#ledger = ledger
      this.#origin = start.origin
      this.#replayUntil = start.replayUntil
    }
    if (!this.#isStarted) {
      await this.#host.settleStart(ledger.lowWater, signal)
      this.#isStarted = true
      const { origin } = this
      if (origin !== undefined) {
        const cursor = encodeCursor(ledger.lowWater)
        this.#context.emitter.emit('start', { logstore, shard, cursor, origin })
      }
      this.#context.changed.changed()
    }
    return ledger
  }

  /** Draws the stop line when its time has come, and waits while nobody can say on which side of it a fetch is. */
  async #isAtStopLine(ledger: Ledger, signal: AbortSignal): Promise<boolean> {
    const { clock, stopTime } = this.#context.settings
    const line = this.#stopLine
    if (line.isNear) await clock.delay(line.wait ?? 0, signal)
    if (line.wait === 0 && stopTime !== undefined) line.draw(await this.#cursors.at(stopTime, signal))
    return line.position !== undefined && ledger.position >= line.position
  }

  async #readNext(ledger: Ledger, signal: AbortSignal): Promise<void> {
    const wasReadonly = this.#listed.status === 'readonly'
    const from = ledger.position
    const isReplay = this.#replayUntil !== undefined && from < this.#replayUntil
    const replayEnd = isReplay ? this.#replayUntil : undefined
    const end = () => earliest(earliest(ledger.fetchEnd, this.#stopLine.position), replayEnd)
    const answer = await this.#puller.pull(ledger, end, this.#lastTime, signal)
    if (answer === undefined) return
    if (signal.aborted || this.#stopLine.mayHaveCrossed(answer.receiveTime)) {
      answer.memory.release()
      return
    }
    const fetched = this.flight.enter(ledger, answer, isReplay)
    const progress = ledger.position > from
    const wait = this.#pace.after({ groups: answer.readGroups, progress, endOfCursor: answer.endOfCursor })
    this.#note(answer, from, !progress)
    if (fetched !== undefined) await this.#handOver(fetched, signal)
    if (!progress && wasReadonly && from >= (await this.#cursors.at('end', signal))) {
      this.#end('end')
      return
    }
    if (wait > 0) await this.#sleeper.sleep(Math.min(wait, this.#stopLine.wait ?? wait), signal)
  }

  /** Lays it down for the flow and waits until it is taken: that is as far as reading goes ahead. */
  async #handOver(fetched: Fetched, signal: AbortSignal): Promise<void> {
    this.#context.handOver.offer(fetched)
    await this.flight.moved.until(() => fetched.deliveries > 0 || fetched.settled, signal)
  }

  #note(answer: FetchAnswer, from: bigint, isDry: boolean): void {
    this.#count(answer)
    if (answer.missing > 0) {
      const { logstore, shard } = this
      const to = encodeCursor(answer.to)
      const groups = answer.missing
      this.#context.emitter.emit('gap', { logstore, shard, from: encodeCursor(from), to, groups })
    }
    if (!isDry) this.#receiveTime = answer.receiveTime ?? this.#receiveTime
    const fellSilent = isDry && this.#phase === 'reading'
    this.#isAtEnd = isDry || answer.endOfCursor
    this.#phase = isDry ? 'idle' : 'reading'
    if (fellSilent && this.#listed.status === 'readwrite') this.#host.suspect(false)
  }

  #count(answer: FetchAnswer): void {
    const { groups, rawSize, missing, filter } = answer
    this.#context.totals.fetched(answer)
    this.counts.fetches++
    this.counts.groups += groups.length
    this.counts.bytes += rawSize
    this.counts.missing += missing
    if (groups.length === 0) this.counts.emptyFetches++
    if (filter === undefined) return
    this.counts.rawLogs += filter.lines
    this.counts.rawBytes += filter.bytes
    this.counts.matchedLogs += filter.results
    this.counts.failedLogs += filter.failed
  }

  /** Unix seconds of what was read last, or of when progress was made last; undefined where nothing is known. */
  get #lastTime(): number | undefined {
    if (this.#receiveTime !== undefined) return this.#receiveTime
    const updateTime = this.#context.progress.of(this.logstore, this.shard)?.updateTime
    return updateTime === undefined ? undefined : Math.floor(updateTime / 1000)
  }

  #end(reason: FinishReason): void {
    this.#ended = reason
    this.#phase = 'finishing'
    this.#isAtEnd = true
    this.#host.ended()
  }
}

function earliest(one: bigint | undefined, other: bigint | undefined): bigint | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return one < other ? one : other
}
