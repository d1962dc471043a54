import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { SlsError } from '../../../engine/client/errors'
import { SlsSource, type SourceBatch } from '../../../engine/source/source'
import { MemoryProgressStore, type ProgressStore } from '../../../engine/state/progress-store'
import { runs } from '../../support/counts'
import { GroupService, groupSettings, type Line } from './group-service'
import { messagesOf } from './local-service'
import { ShardStore } from './shard-store'
import { VirtualClock } from './virtual-clock'

type Step =
  | { do: 'write'; key: number; count: number }
  | { do: 'split' | 'merge'; pick: number }
  | { do: 'take' | 'ack' | 'nack' | 'leave' | 'crash' | 'cut' | 'cutHeartbeats' | 'mend'; pick: number }
  | { do: 'join' | 'deleteGroup' }
  | { do: 'wait'; seconds: number }

interface Plan {
  members: number
  shards: number
  steps: Step[]
  inOrder: boolean
  isLocal: boolean
  isFaulty: boolean
  /** Nothing fails, nobody dies and nothing is refused. */
  isCalm: boolean
  seed: number
}

const pick = fc.nat({ max: 50 })
const onMember = (
  ...kinds: ('take' | 'ack' | 'nack' | 'leave' | 'crash' | 'cut' | 'cutHeartbeats' | 'mend')[]
) => fc.record({ do: fc.constantFrom(...kinds), pick })

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      key: fc.nat({ max: 7 }),
      count: fc.integer({ min: 1, max: 5 })
    })
  },
  { weight: 8, arbitrary: onMember('take', 'ack') },
  { weight: 2, arbitrary: onMember('nack', 'mend') },
  { weight: 3, arbitrary: onMember('leave', 'crash', 'cut', 'cutHeartbeats') },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('join' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deleteGroup' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('split' as const, 'merge' as const), pick }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 9 }) })
  }
)

const plan: fc.Arbitrary<Plan> = fc.record({
  members: fc.integer({ min: 1, max: 3 }),
  shards: fc.integer({ min: 1, max: 5 }),
  steps: fc.array(step, { maxLength: 40, size: 'max' }),
  inOrder: fc.boolean(),
  isLocal: fc.boolean(),
  isFaulty: fc.boolean(),
  isCalm: fc.boolean(),
  seed: fc.nat()
})

describe('the members of a consumer group', () => {
  it('read every log between them, no shard at once, and end with each shard at one of them', async () => {
    await fc.assert(
      fc.asyncProperty(plan, (each) => new Company(each).play()),
      { numRuns: runs(15, 500), timeout: 60_000, endOnFailure: true }
    )
  }).timeout(1_800_000)
})

/** Virtual ms after which nothing more comes: longer than any wait for another attempt. */
const patience = 180_000

interface Member {
  readonly name: string
  readonly source: SlsSource
  readonly line: Line
  readonly inFlight: SourceBatch[]
  asked: Promise<IteratorResult<SourceBatch>> | undefined
}

/** Flows that read one logstore together, come and go, and are killed and cut off. */
class Company {
  readonly #plan: Plan
  readonly #store: ShardStore
  readonly #service: GroupService
  readonly #clock = new VirtualClock()
  readonly #states = new Map<string, MemoryProgressStore>()
  readonly #members: Member[] = []
  readonly #written: string[] = []
  readonly #delivered = new Set<string>()
  readonly #acked = new Set<string>()
  readonly #lastOfKey = new Map<string, number>()
  readonly #violations: string[] = []
  #committed = new Map<number, bigint>()
  #wasCut: boolean = false
  #wasDeleted: boolean = false
  #names = 0
  #random: number

  constructor(each: Plan) {
    this.#plan = each
    this.#random = each.seed
    this.#store = new ShardStore(each.shards)
    this.#service = new GroupService(this.#store, () => this.#clock.now(), {
      pulled: (consumer, shard) => this.#pulled(consumer, shard),
      committed: (consumer, shard, position) => this.#moved(consumer, shard, position)
    })
    for (let index = 0; index < each.members; index++) this.#join()
  }

  async play(): Promise<void> {
    for (const each of this.#plan.steps) await this.#step(each)
    await this.#drain()
    assert.deepEqual(this.#violations, [])
    assert.deepEqual(
      this.#written.filter((message) => !this.#acked.has(message)),
      [],
      'lost'
    )
    this.#assertShared()
    await Promise.all(this.#members.map(({ source }) => source.close()))
    for (const { id, end } of this.#store.lineage)
      assert.equal(this.#service.checkpoint(id), end, `shard ${id}`)
  }

  async #step(each: Step): Promise<void> {
    const member = 'pick' in each ? this.#members[each.pick % Math.max(1, this.#members.length)] : undefined
    switch (each.do) {
      case 'write':
        this.#write(each.key, each.count)
        break
      case 'split':
      case 'merge': {
        const { open } = this.#store
        if (open.length < 8) this.#store[each.do](open[each.pick % open.length] ?? 0)
        break
      }
      case 'join':
        if (this.#members.length < 4) this.#join()
        break
      case 'deleteGroup':
        if (this.#plan.isCalm) break
        this.#service.delete()
        this.#committed.clear()
        this.#wasDeleted = true
        break
      case 'wait':
        await this.#clock.delay(each.seconds * 1000)
        break
      default:
        if (member !== undefined) await this.#act(each.do, member)
    }
  }

  async #act(what: (Step & { do: unknown })['do'], member: Member): Promise<void> {
    if (this.#plan.isCalm && ['nack', 'crash', 'cut', 'cutHeartbeats'].includes(what)) return
    switch (what) {
      case 'take':
        await this.#take(member, 500)
        break
      case 'ack':
        this.#acknowledge(member, member.inFlight.splice(0, 2))
        break
      case 'nack':
        member.inFlight.pop()?.nack()
        break
      case 'leave':
      case 'crash':
        if (this.#members.length === 1) break
        member.line.isDead = what === 'crash'
        this.#members.splice(this.#members.indexOf(member), 1)
        await member.source.close()
        break
      case 'cut':
        this.#wasCut = true
        member.line.isCut = true
        break
      case 'cutHeartbeats':
        this.#wasCut = true
        member.line.areHeartbeatsCut = true
        break
      case 'mend':
        member.line.isCut = false
        member.line.areHeartbeatsCut = false
        break
    }
  }

  #write(key: number, count: number): void {
    for (let index = 0; index < count; index++) {
      const message = `${key}:${this.#written.length}`
      this.#store.write(key * 512, message)
      this.#written.push(message)
    }
  }

  /** A member that comes again does so under its name, with what it had kept. */
  #join(): void {
    const taken = new Set(this.#members.map(({ name }) => name))
    const free = [...this.#states.keys()].filter((known) => !taken.has(known))
    const name = free[0] ?? `member-${this.#names++}`
    const line: Line = { isDead: false, isCut: false, areHeartbeatsCut: false }
    const state = this.#states.get(name) ?? new MemoryProgressStore()
    this.#states.set(name, state)
    const source = new SlsSource({
      client: this.#service.client(name, line, () => this.#pass()),
      logstores: 'access',
      consumerGroup: 'readers',
      assignment: {
        type: 'group',
        consumer: name,
        ...groupSettings,
        ...(this.#plan.isCalm ? { handOverTimeout: 600_000 } : {})
      },
      state: this.#plan.isLocal ? living(state, line) : undefined,
      clock: this.#clock,
      random: () => this.#next(),
      discoveryInterval: 1000,
      checkpointInterval: 500,
      maxLogGroups: 3,
      inOrder: this.#plan.inOrder
    })
    const member = { name, source, line, inFlight: [], asked: undefined }
    this.#members.push(member)
  }

  async #take(member: Member, patience: number): Promise<void> {
    member.asked ??= member.source[Symbol.asyncIterator]().next()
    const answer = await Promise.race([member.asked, this.#clock.delay(patience).then(() => undefined)])
    if (answer === undefined) return
    member.asked = undefined
    assert.ok(answer.done !== true, 'the source ended by itself')
    member.inFlight.push(answer.value)
    for (const message of messagesOf(answer.value)) this.#receive(message)
  }

  #receive(message: string): void {
    if (this.#plan.isCalm && this.#acked.has(message)) this.#violations.push(`${message} came again`)
    if (this.#delivered.has(message)) return
    this.#delivered.add(message)
    const [key = '', number = ''] = message.split(':')
    const last = this.#lastOfKey.get(key) ?? -1
    this.#lastOfKey.set(key, Number(number))
    // Who is cut off may give to its flow what it has fetched before.
    if (this.#plan.inOrder && !this.#wasCut && !this.#wasDeleted && Number(number) < last)
      this.#violations.push(`${message} came late`)
  }

  #acknowledge(member: Member, batches: readonly SourceBatch[]): void {
    for (const batch of batches) {
      const isHeld = member.source.status().shards.some(({ shard }) => shard === batch.shard)
      if (isHeld) for (const message of messagesOf(batch)) this.#acked.add(message)
      batch.ack()
    }
  }

  /** No two members have a shard, but for one that has heard nothing for longer than the time-out, and not for long. */
  #pulled(consumer: string, shard: number): void {
    const holders = this.#members.filter(({ name, source }) => {
      const { shards } = source.status()
      return name === consumer || shards.some((held) => held.shard === shard && held.status !== 'finished')
    })
    // A new group gives out shards before those who held them notice that theirs is gone.
    if (holders.length === 1 || this.#wasDeleted) return
    const silences = holders.map(({ name }) => this.#clock.now() - (this.#service.beats.get(name) ?? 0))
    const { timeout } = this.#service
    const alive = silences.filter((silence) => silence <= timeout)
    const names = holders.map(({ name }) => name).join(' and ')
    if (alive.length > 1) this.#violations.push(`${names} read shard ${shard}`)
    if (Math.max(...silences) > timeout + groupSettings.heartbeatInterval) {
      this.#violations.push(`${names} read shard ${shard} after ${silences.join(' and ')} ms of silence`)
    }
  }

  /** The group's checkpoint goes forward only, and never past what is not acknowledged. */
  #moved(consumer: string, shard: number, position: bigint): void {
    const before = this.#committed.get(shard)
    if (before !== undefined && position < before)
      this.#violations.push(`${consumer} moved shard ${shard} back`)
    this.#committed.set(shard, position)
    for (const [message, place] of this.#store.places) {
      if (place.shard === shard && place.position < position && !this.#acked.has(message)) {
        this.#violations.push(`${consumer} committed past ${message}`)
      }
    }
  }

  async #drain(): Promise<void> {
    for (const { line } of this.#members) {
      line.isCut = false
      line.areHeartbeatsCut = false
    }
    // A source begins with the first batch that is asked for.
    for (const member of this.#members) await this.#take(member, 500)
    let restSince = this.#clock.now()
    const isCommitted = () => this.#store.lineage.every(({ id, end }) => this.#service.checkpoint(id) === end)
    while (!isCommitted() && this.#clock.now() - restSince < patience) {
      const before = this.#acked.size
      for (const member of [...this.#members]) {
        await this.#take(member, 500)
        this.#acknowledge(member, member.inFlight.splice(0))
      }
      if (this.#acked.size > before) restSince = this.#clock.now()
    }
    // After the longest silence, time-out and hand-over everything has come to rest.
    await this.#clock.delay(60_000)
  }

  #assertShared(): void {
    const held = this.#members.map(({ source }) =>
      source
        .status()
        .shards.filter(({ readonly }) => !readonly)
        .map(({ shard }) => shard)
    )
    const byNumber = (one: number, other: number) => one - other
    assert.deepEqual(held.flat().sort(byNumber), this.#store.open.sort(byNumber))
    const counts = held.map(({ length }) => length)
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `uneven: ${counts.join()}`)
  }

  async #pass(): Promise<void> {
    await this.#clock.during(new Promise((resolve) => setImmediate(resolve)))
    if (this.#plan.isFaulty && !this.#plan.isCalm && this.#next() < 0.1)
      throw new SlsError('NetworkError', 'the connection was lost', { retryability: 'transient' })
  }

  /** A number from 0 up to 1, the same in each run of a plan. */
  #next(): number {
    this.#random = (Math.imul(this.#random, 1_103_515_245) + 12_345) >>> 0
    return (this.#random >>> 8) / 0x100_0000
  }
}

/** Nothing is saved after a crash. */
function living(state: MemoryProgressStore, line: Line): ProgressStore {
  return {
    load: () => state.load(),
    save: async (snapshot) => {
      if (line.isDead) throw new SlsError('State', 'this process is dead', { retryability: 'ordinary' })
      await state.save(snapshot)
    }
  }
}
