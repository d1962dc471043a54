import { encodeCursor } from '../client/cursor'
import type { SlsError } from '../client/errors'
import type { Shard } from '../client/model'
import type { SourceContext } from './context'
import type { CursorRefusals } from './cursor-reset'
import { asSlsError, isLogstoreAbsent, isShardAbsent } from './error-kinds'
import type { FinishReason, StartOrigin } from './events'
import { FetchPace } from './fetch-pace'
import type { Fetched } from './fetched'
import { Flight, type FlightHost } from './flight'
import { Ledger } from './ledger'
import type { LiveProgress } from './progress'
import { countFetch, noCounts, type ReaderCounts } from './reader-counts'
import type { ReaderHost, ReaderPhase } from './reader-host'
import { RestartableTask } from './restartable-task'
import { ShardCursors } from './shard-cursors'
import type { FetchAnswer } from './shard-fetch'
import { ShardLag } from './shard-lag'
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
  readonly lag: ShardLag
  readonly #context: SourceContext
  readonly #host: ReaderHost
  readonly #cursors: ShardCursors
  readonly #puller: ShardPuller
  readonly #pace: FetchPace
  readonly #sleeper: Sleeper
  readonly #stopLine: StopLine
  readonly #task = new RestartableTask((signal) => this.#readOn(signal))
  #listed: Shard
  #ledger: Ledger | undefined
  #origin: StartOrigin | undefined
  #phase: ReaderPhase = 'starting'
  #ended: FinishReason | undefined
  #replayUntil: bigint | undefined
  #trouble: SlsError | undefined
  #isStarted: boolean = false
  #isDiscarded: boolean = false

  constructor(context: SourceContext, host: ReaderHost, logstore: string, listed: Shard) {
    const { client, calls, settings } = context
    this.logstore = logstore
    this.shard = listed.shardId
    this.#context = context
    this.#host = host
    this.#listed = listed
    this.flight = new Flight(context, this)
    this.lag = new ShardLag(context.serviceTime)
    this.#cursors = new ShardCursors(client, calls, logstore, this.shard, (error) => this.failed(error))
    this.#pace = new FetchPace(settings.fetchInterval, settings.random, () => context.pulls.readers)
    this.#puller = new ShardPuller(context, this, this.#cursors, this.#pace)
    this.#sleeper = new Sleeper(context.pulls.rounds)
    this.#stopLine = new StopLine(settings.stopTime, context.serviceTime)
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
    return !this.lag.isAtEnd && this.#ledger !== undefined && this.#phase !== 'finished'
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

  /** Takes up reading anew without waiting for the fetch that hangs; what is in flight stays so. */
  rebuild(): void {
    if (this.#task.abandon()) this.start()
  }

  update(listed: Shard): void {
    const hasTurned = this.#listed.status !== listed.status
    this.#listed = listed
    if (hasTurned) this.#sleeper.wake()
  }

  /** Reads, or goes on reading. */
  start(): void {
    if (this.#phase !== 'finished' && this.#phase !== 'stopped') this.#task.start()
  }

  /** Stops fetching; what was fetched is still delivered and can be acknowledged. Never rejects. */
  halt(): Promise<void> {
    return this.#task.halt()
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

  get refusals(): CursorRefusals {
    return this.#host.refusals
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
    this.#context.totals.fetched(answer)
    countFetch(this.counts, answer)
    if (answer.missing > 0) {
      const { logstore, shard } = this
      const to = encodeCursor(answer.to)
      const groups = answer.missing
      this.#context.emitter.emit('gap', { logstore, shard, from: encodeCursor(from), to, groups })
    }
    this.lag.fetched(answer, isDry)
    const fellSilent = isDry && this.#phase === 'reading'
    this.#phase = isDry ? 'idle' : 'reading'
    if (fellSilent && this.#listed.status === 'readwrite') this.#host.suspect(false)
  }

  /** Unix seconds of what was read last, or of when progress was made last; undefined where nothing is known. */
  get #lastTime(): number | undefined {
    if (this.lag.receiveTime !== undefined) return this.lag.receiveTime
    const updateTime = this.#context.progress.of(this.logstore, this.shard)?.updateTime
    return updateTime === undefined ? undefined : Math.floor(updateTime / 1000)
  }

  #end(reason: FinishReason): void {
    this.#ended = reason
    this.#phase = 'finishing'
    this.lag.ended()
    this.#host.ended()
  }
}

function earliest(one: bigint | undefined, other: bigint | undefined): bigint | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return one < other ? one : other
}
