import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { SpoolEntry } from '../../../../engine/state/spool/record'
import { Spool } from '../../../../engine/state/spool/spool'
import type { SpoolDamage } from '../../../../engine/state/spool/spool-contents'
import type { SpoolReader, StoredRecord } from '../../../../engine/state/spool/spool-reader'
import { runs } from '../../../support/counts'
import { FragileDisk } from './fragile-disk'

type Step =
  | { kind: 'append'; sizes: number[] }
  | { kind: 'read'; count: number }
  | { kind: 'settle'; picks: number[] }
  | { kind: 'save' }
  | { kind: 'restart' }
  | { kind: 'crash' }
  | { kind: 'fuse'; bytes: number }
  | { kind: 'room'; bytes: number | undefined }
  | { kind: 'badSync' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      sizes: fc.array(fc.constantFrom(0, 1, 40, 500, 3000, 12_000), { minLength: 1, maxLength: 5 })
    })
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('read' as const), count: fc.nat(6) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      picks: fc.array(fc.nat(), { maxLength: 6 })
    })
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('save' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fuse' as const), bytes: fc.nat(20_000) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('room' as const),
      bytes: fc.option(fc.nat(8000), { nil: undefined })
    })
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('badSync' as const) }) }
)

interface Known {
  body: Buffer
  acked: boolean
  settled: boolean
  /** Settled, and that is on disk for sure. */
  forgotten: boolean
  /** Settled before a crash, without being saved: it may come again. */
  doubtful: boolean
}

function entry(id: number, size: number): SpoolEntry {
  const body = Buffer.alloc(8 + size, id & 0xff)
  body.writeDoubleLE(id)
  // Bytes that look like the beginning of a record must not mislead.
  if (size >= 40) body.write('SLS1', 20, 'latin1')
  return {
    logstore: id % 3 === 0 ? 'access' : 'metrics',
    hashKey: id % 2 === 0 ? undefined : 'f'.repeat(32),
    lane: id % 5,
    logs: 1 + (id % 7),
    rawSize: body.length,
    compression: 'none',
    time: 1_700_000_000_000 + id,
    firstLog: id,
    lastLog: id + 1,
    body
  }
}

/** The spool beside what it must remember. */
class Life {
  readonly known: Known[] = []
  readonly disk: FragileDisk
  damage: SpoolDamage[] = []
  spool!: Spool
  reader!: SpoolReader
  held: StoredRecord[] = []
  lastRead = -1
  /** Bytes: the limit, or more where files that were removed came back after a loss of power. */
  most = 0

  constructor(
    choose: (below: number) => number,
    readonly limit: number
  ) {
    this.disk = new FragileDisk(choose)
    this.disk.put('notes.txt', Buffer.from('not of the spool'))
  }

  async open(): Promise<void> {
    this.spool = await Spool.open({
      disk: this.disk.mount(),
      limit: this.limit,
      onDamage: (damage) => this.damage.push(damage)
    })
    this.reader = this.spool.reader()
    this.held = []
    this.lastRead = -1
    this.most = Math.max(this.limit, this.spool.used)
  }

  async crash(): Promise<void> {
    this.disk.crash()
    for (const known of this.known) known.doubtful = known.settled && !known.forgotten
    await this.open()
  }

  async append(sizes: readonly number[]): Promise<void> {
    const appended = sizes.map((size) => {
      const id = this.known.length
      const known: Known = {
        body: entry(id, size).body,
        acked: false,
        settled: false,
        forgotten: false,
        doubtful: false
      }
      this.known.push(known)
      return this.spool.append(entry(id, size)).then(
        () => {
          known.acked = true
        },
        () => undefined
      )
    })
    await Promise.all(appended)
  }

  async read(count: number): Promise<boolean> {
    for (let read = 0; read < count; read++) {
      const record = await this.reader.next()
      if (record === undefined) return false
      const id = record.body.readDoubleLE(0)
      const known = this.known[id]
      assert.ok(known !== undefined && record.body.equals(known.body), `record ${id} is what was written`)
      assert.ok(id > this.lastRead, `record ${id} after ${this.lastRead}`)
      assert.ok(!known.forgotten, `record ${id} was drained`)
      assert.equal(record.head.logs, 1 + (id % 7))
      assert.ok(this.spool.holds(record.head.lane))
      this.lastRead = id
      this.held.push(record)
    }
    return true
  }

  settle(picks: readonly number[]): void {
    for (const pick of picks) {
      const [record] = this.held.splice(pick % Math.max(1, this.held.length), 1)
      if (record === undefined) return
      this.spool.settle(record)
      const known = this.known[record.body.readDoubleLE(0)]
      if (known !== undefined) Object.assign(known, { settled: true, doubtful: false })
    }
  }

  saved(): void {
    for (const known of this.known) if (known.settled && !known.doubtful) known.forgotten = true
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'append':
        return this.append(step.sizes)
      case 'read':
        await this.read(step.count)
        return
      case 'settle':
        return this.settle(step.picks)
      case 'save':
        return this.spool.save().then(() => this.saved())
      case 'restart':
        await this.spool.close()
        this.saved()
        return this.open()
      case 'crash':
        return this.crash()
      case 'fuse':
        this.disk.fuse = step.bytes
        return
      case 'room':
        this.disk.room = step.bytes
        return
      case 'badSync':
        this.disk.failSyncs++
    }
  }

  async step(step: Step): Promise<void> {
    try {
      await this.take(step)
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      // The disk failed, or has no power any more.
    }
    if (this.disk.isOff) await this.crash()
    assert.ok(this.disk.room !== undefined || this.spool.used <= this.most)
  }
}

describe('A spool, whatever happens', () => {
  it('gives back in order all that it promised to keep, after crashes at any byte', async function () {
    this.timeout(runs(30_000, 900_000))
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 40 }),
        fc.infiniteStream(fc.nat()),
        fc.constantFrom(60_000, 1_000_000),
        async (script, chances, limit) => {
          const life = new Life((below) => (chances.next().value as number) % Math.max(1, below), limit)
          await life.open()
          for (const step of script) await life.step(step)
          life.disk.room = undefined
          life.disk.failSyncs = 0
          await life.crash()
          const promised = new Set(
            life.known.flatMap(({ acked, settled }, id) => (acked && !settled ? [id] : []))
          )
          while (await life.read(1)) promised.delete(life.lastRead)
          assert.deepEqual([...promised], [], 'every record that was promised comes back')
          const unsafe = life.known.reduce((sum, { acked }, id) => sum + (acked ? 0 : 1 + (id % 7)), 0)
          const lost = life.damage.reduce((sum, { logs }) => sum + logs, 0)
          assert.ok(lost <= unsafe, `${lost} logs called lost, ${unsafe} were not promised`)
          for (const record of life.held) life.spool.settle(record)
          assert.deepEqual(life.spool.left, { records: 0, logs: 0, bytes: 0 })
          for (let lane = 0; lane < 5; lane++) assert.ok(!life.spool.holds(lane))
          await life.spool.close()
          const files = life.disk.names.filter((name) => name.endsWith('.spool'))
          assert.deepEqual(files, [], 'what is drained is removed')
          assert.equal(life.disk.content('notes.txt').toString(), 'not of the spool')
        }
      ),
      { numRuns: runs(400, 10_000) }
    )
  })

  it('gives back all but what is damaged, and says how much that is', async function () {
    this.timeout(runs(30_000, 900_000))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(0, 40, 500, 3000), { minLength: 2, maxLength: 30 }),
        fc.array(fc.record({ file: fc.nat(), at: fc.nat(), bits: fc.integer({ min: 1, max: 255 }) }), {
          minLength: 1,
          maxLength: 3
        }),
        async (sizes, flips) => {
          const life = new Life(() => 0, 200_000)
          await life.open()
          await life.append(sizes)
          await life.spool.close()
          // The last segment's end could be torn by a crash: the damage is to lie inside.
          const files = life.disk.names.filter((name) => name.endsWith('.spool')).sort()
          const touched = new Set<string>()
          for (const { file, at, bits } of flips) {
            const name = files[file % files.length] ?? ''
            const content = Buffer.from(life.disk.content(name))
            const place = at % content.length
            content.writeUInt8(content.readUInt8(place) ^ bits, place)
            touched.add(`${name}/${place}`)
            life.disk.put(name, content)
          }
          await life.open()
          while (await life.read(10)) assert.ok(life.held.length <= sizes.length)
          const lost = sizes.length - life.held.length
          assert.ok(lost <= touched.size, `${lost} records lost by ${touched.size} damaged bytes`)
          if (lost > 0) {
            const bytes = life.damage.reduce((sum, damage) => sum + damage.bytes, 0)
            assert.ok(bytes > 0, 'the loss is reported')
          }
        }
      ),
      { numRuns: runs(200, 10_000) }
    )
  })
})
