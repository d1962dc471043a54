import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { decodeCursor } from '../../../engine/client/cursor'
import { SlsError } from '../../../engine/client/errors'
import type { SourceBatch } from '../../../engine/source/source'
import { SlsSource } from '../../../engine/source/source'
import { MemoryProgressStore, type ProgressStore } from '../../../engine/state/progress-store'
import { runs } from '../../support/counts'
import { messagesOf } from './local-service'
import { ShardStore } from './shard-store'
import { VirtualClock } from './virtual-clock'

type Step =
  | { do: 'write'; key: number; count: number }
  | { do: 'split' | 'merge'; pick: number }
  | { do: 'take'; count: number }
  | { do: 'ack'; pick: number; groups: number }
  | { do: 'ackOne'; pick: number; index: number }
  | { do: 'nack'; pick: number }
  | { do: 'checkpoint' | 'crash' | 'stop' | 'replay' | 'forget' }
  | { do: 'seek'; to: 'begin' | 'end' }

interface Plan {
  shards: number
  steps: Step[]
  inOrder: boolean
  isFaulty: boolean
  isLocal: boolean
  position: 'begin' | 'end'
  maxLogGroups: number
  maxRedeliveries: number
  seed: number
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      key: fc.nat({ max: 3 }),
      count: fc.integer({ min: 1, max: 6 })
    })
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('split' as const, 'merge' as const),
      pick: fc.nat({ max: 50 })
    })
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('take' as const), count: fc.integer({ min: 1, max: 4 }) })
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('ack' as const),
      pick: fc.nat({ max: 50 }),
      groups: fc.integer({ min: 0, max: 8 })
    })
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('ackOne' as const),
      pick: fc.nat({ max: 50 }),
      index: fc.nat({ max: 8 })
    })
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('nack' as const), pick: fc.nat({ max: 50 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('checkpoint' as const, 'crash' as const, 'stop' as const) })
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.record({ do: fc.constant('seek' as const), to: fc.constantFrom('begin' as const, 'end' as const) }),
      fc.record({ do: fc.constantFrom('replay' as const, 'forget' as const) })
    )
  }
)

const plan: fc.Arbitrary<Plan> = fc.record({
  shards: fc.integer({ min: 1, max: 3 }),
  steps: fc.array(step, { maxLength: 60, size: 'max' }),
  inOrder: fc.boolean(),
  isFaulty: fc.boolean(),
  isLocal: fc.boolean(),
  position: fc.constantFrom('begin', 'end'),
  maxLogGroups: fc.integer({ min: 1, max: 5 }),
  maxRedeliveries: fc.constantFrom(-1, 0, 2),
  seed: fc.nat()
})

describe('the life of a source', () => {
  it('loses nothing and repeats nothing that was durable, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(plan, (each) => new Life(each).play()),
      { numRuns: runs(40, 10_000), timeout: 10_000 }
    )
  }).timeout(3_600_000)
})

/** A flow that reads one logstore, and is stopped and killed. */
class Life {
  readonly #plan: Plan
  readonly #store: ShardStore
  readonly #state = new MemoryProgressStore()
  readonly #clock = new VirtualClock()
  readonly #written: string[] = []
  readonly #delivered = new Set<string>()
  readonly #acked = new Set<string>()
  /** What must not come again. */
  readonly #durable = new Set<string>()
  /** What was left out because somebody asked for that. */
  readonly #leftOut = new Set<string>()
  readonly #lastOfKey = new Map<string, number>()
  #inFlight: SourceBatch[] = []
  #random: number
  #isAlive: { yes: boolean } = { yes: true }
  #source: SlsSource
  #asked: Promise<{ answer: IteratorResult<SourceBatch>; turns: number }> | undefined
  /** Seeks and the like, each counted when it begins and when it is over. */
  #turns = 0
  readonly #unsure = new WeakSet<SourceBatch>()

  constructor(each: Plan) {
    this.#plan = each
    this.#store = new ShardStore(each.shards)
    this.#random = each.seed
    this.#source = this.#begin()
  }

  async play(): Promise<void> {
    // From the end, all that is written after the start was made durable must come.
    const started = new Set<number>()
    this.#source.on('start', ({ shard }) => started.add(shard))
    do await this.#take()
    while (started.size < this.#plan.shards)
    for (const each of this.#plan.steps) await this.#step(each)
    await this.#drain()
    await this.#source.close()
    assert.deepEqual(
      this.#written.filter((message) => !this.#delivered.has(message) && !this.#leftOut.has(message)),
      [],
      'lost'
    )
  }

  async #step(each: Step): Promise<void> {
    switch (each.do) {
      case 'write':
        for (let count = 0; count < each.count; count++) {
          const message = `${each.key}:${this.#written.length}`
          this.#store.write(each.key * 1024, message)
          this.#written.push(message)
        }
        break
      case 'split':
      case 'merge': {
        const open = this.#store.open
        this.#store[each.do](open[each.pick % open.length] ?? 0)
        break
      }
      case 'take':
        for (let count = 0; count < each.count; count++) await this.#take()
        break
      case 'ack': {
        const batch = this.#pick(each.pick)
        if (batch === undefined) break
        this.#noteAcked(batch, messagesOf(batch).slice(0, each.groups))
        batch.ack(each.groups)
        break
      }
      case 'ackOne': {
        const batch = this.#pick(each.pick)
        const group = batch?.groups[each.index]
        const message = group?.logs()[0]?.contents[0]?.[1]
        if (batch !== undefined && message !== undefined) this.#noteAcked(batch, [message])
        group?.ack()
        break
      }
      case 'nack':
        this.#pick(each.pick)?.nack()
        break
      case 'checkpoint':
        await this.#source.checkpoint().catch(() => undefined)
        break
      case 'seek':
        await this.#startOver(each.to, () => this.#source.seek({ type: each.to }))
        break
      case 'forget':
        await this.#startOver(this.#plan.position, () => this.#source.forget())
        break
      case 'replay':
        await this.#turn(this.#source.replay({ type: 'begin' }, { type: 'end' }))
        break
      case 'stop':
        await this.#source.close()
        if (this.#plan.isLocal) for (const message of this.#acked) this.#durable.add(message)
        await this.#restart()
        break
      case 'crash':
        this.#isAlive.yes = false
        await this.#source.close()
        await this.#restart()
        break
    }
  }

  /** What was delivered before may be void, what comes while it goes on may or may not. */
  async #turn(turning: Promise<void>): Promise<void> {
    this.#inFlight = []
    this.#turns++
    await turning
    this.#turns++
  }

  /** All may come again, or, from the end on, nothing has to. */
  async #startOver(from: 'begin' | 'end', turn: () => Promise<void>): Promise<void> {
    if (from === 'end') for (const message of this.#written) this.#leftOut.add(message)
    await this.#turn(turn())
    this.#acked.clear()
    this.#durable.clear()
  }

  #pick(pick: number): SourceBatch | undefined {
    return this.#inFlight[pick % Math.max(1, this.#inFlight.length)]
  }

  /** Whether the acknowledgement of what was delivered in the middle of a turn counts, nobody can say. */
  #noteAcked(batch: SourceBatch, messages: readonly string[]): void {
    if (this.#unsure.has(batch)) return
    for (const message of messages) this.#acked.add(message)
  }

  /** The next batch, or none where nothing comes. */
  async #take(): Promise<void> {
    this.#asked ??= this.#source[Symbol.asyncIterator]()
      .next()
      .then((answer) => ({ answer, turns: this.#turns }))
    const patience = this.#clock.delay(3000).then(() => undefined)
    const asked = await Promise.race([this.#asked, patience])
    if (asked === undefined) return
    const { answer, turns } = asked
    this.#asked = undefined
    assert.ok(answer.done !== true, 'the source ended by itself')
    if (turns !== this.#turns) this.#unsure.add(answer.value)
    this.#receive(answer.value)
  }

  #receive(batch: SourceBatch): void {
    this.#inFlight.push(batch)
    for (const message of messagesOf(batch)) {
      assert.ok(
        batch.isReplay || !this.#durable.has(message),
        `${message} came again although it was durable`
      )
      const [key = '', number = ''] = message.split(':')
      if (this.#plan.inOrder && !this.#delivered.has(message) && !this.#leftOut.has(message)) {
        assert.ok(Number(number) > (this.#lastOfKey.get(key) ?? -1), `${message} came too late`)
        this.#lastOfKey.set(key, Number(number))
      }
      this.#delivered.add(message)
    }
  }

  async #restart(): Promise<void> {
    await this.#asked
    this.#asked = undefined
    this.#inFlight = []
    this.#isAlive = { yes: true }
    this.#acked.clear()
    this.#source = this.#begin()
  }

  async #drain(): Promise<void> {
    for (let quiet = 0; quiet < 12; ) {
      const before = this.#delivered.size
      await this.#take()
      for (const batch of this.#inFlight) batch.ack()
      quiet = this.#delivered.size === before && this.#asked !== undefined ? quiet + 1 : 0
    }
  }

  #begin(): SlsSource {
    const { inOrder, isLocal, maxLogGroups, maxRedeliveries, position } = this.#plan
    const alive = this.#isAlive
    return new SlsSource({
      client: this.#store.client(() => this.#call(alive)),
      logstores: 'access',
      consumerGroup: 'readers',
      position: { type: position },
      state: isLocal ? this.#stateOf(alive) : undefined,
      clock: this.#clock,
      random: () => this.#next(),
      discoveryInterval: 1000,
      checkpointInterval: 500,
      maxLogGroups,
      maxRedeliveries,
      inOrder
    })
  }

  /** What is saved after a crash is not. */
  #stateOf(alive: { yes: boolean }): ProgressStore {
    return {
      load: () => this.#state.load(),
      save: async (snapshot) => {
        await this.#call(alive)
        await this.#state.save(snapshot)
        for (const [message, { shard, position }] of this.#store.places) {
          const progress = snapshot.shards[`demo/access/${shard}`]
          if (progress === undefined) continue
          const ranges = progress.acked ?? []
          const isPassed = position < decodeCursor(progress.cursor)
          const isBeyond = ranges.some(
            ([from, to]) => position >= decodeCursor(from) && position < decodeCursor(to)
          )
          if (isPassed || isBeyond) {
            const isDue = !this.#leftOut.has(message)
            assert.ok(!isDue || this.#delivered.has(message), `${message} was passed and never delivered`)
            this.#durable.add(message)
          }
        }
      }
    }
  }

  async #call(alive: { yes: boolean }): Promise<void> {
    await this.#clock.during(new Promise((resolve) => setImmediate(resolve)))
    if (!alive.yes) throw new SlsError('NetworkError', 'this process is dead', { retryability: 'transient' })
    if (this.#plan.isFaulty && this.#next() < 0.2) {
      throw new SlsError('NetworkError', 'the connection was lost', { retryability: 'transient' })
    }
  }

  /** A number from 0 up to 1, the same in each run of a plan. */
  #next(): number {
    this.#random = (Math.imul(this.#random, 1_103_515_245) + 12_345) >>> 0
    return (this.#random >>> 8) / 0x100_0000
  }
}
