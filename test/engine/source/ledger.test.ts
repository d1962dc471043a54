import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { Ledger, type LedgerEntry, type Range } from '../../../engine/source/ledger'
import { runs } from '../../support/counts'

describe('the ledger of a shard', () => {
  it('stands at its start while nothing is acknowledged', () => {
    const ledger = new Ledger(10n)
    ledger.add(15n, 5, 10n)
    ledger.add(18n, 3, 15n)
    assert.equal(ledger.lowWater, 10n)
    assert.equal(ledger.position, 18n)
  })

  it('moves over a fetch without log groups', () => {
    const ledger = new Ledger(10n)
    ledger.add(15n, 0, undefined)
    assert.equal(ledger.lowWater, 15n)
  })

  it('waits for the oldest fetch, however many later ones are acknowledged', () => {
    const ledger = new Ledger(0n)
    const first = ledger.add(2n, 2, 0n)
    const second = ledger.add(4n, 2, 2n)
    const third = ledger.add(6n, 2, 4n)
    ledger.ackFirst(third, 2)
    ledger.ackFirst(second, 2)
    assert.equal(ledger.lowWater, 0n)
    assert.deepEqual(ledger.ackedBeyond(), [[2n, 6n]])
    ledger.ackFirst(first, 2)
    assert.equal(ledger.lowWater, 6n)
    assert.deepEqual(ledger.ackedBeyond(), [])
    assert.equal(ledger.settled, true)
  })

  it('moves within a fetch with its first groups', () => {
    const ledger = new Ledger(0n)
    const fetch = ledger.add(5n, 5, 0n)
    ledger.ackFirst(fetch, 3)
    assert.equal(ledger.lowWater, 3n)
    ledger.ackOne(fetch, 4)
    assert.equal(ledger.lowWater, 3n)
    assert.deepEqual(ledger.ackedBeyond(), [[4n, 5n]])
    ledger.ackOne(fetch, 3)
    assert.equal(ledger.lowWater, 5n)
  })

  it('moves only with whole fetches where a query left no position to each group', () => {
    const ledger = new Ledger(0n)
    const fetch = ledger.add(100n, 5, undefined)
    ledger.ackFirst(fetch, 4)
    assert.equal(ledger.lowWater, 0n)
    ledger.ackFirst(fetch, 5)
    assert.equal(ledger.lowWater, 100n)
  })

  it('asks for nothing that is acknowledged already', () => {
    const ledger = new Ledger(10n, [
      [20n, 30n],
      [30n, 35n]
    ])
    assert.equal(ledger.fetchEnd, 20n)
    ledger.add(20n, 10, 10n)
    assert.equal(ledger.position, 35n)
    assert.equal(ledger.fetchEnd, undefined)
    assert.equal(ledger.lowWater, 10n)
    assert.deepEqual(ledger.ackedBeyond(), [[20n, 35n]])
  })

  it('begins behind acknowledged ranges that its start lies in', () => {
    const ledger = new Ledger(10n, [[5n, 20n]])
    assert.equal(ledger.position, 20n)
    assert.equal(ledger.lowWater, 20n)
  })

  it('knows acknowledged groups in an answer that holds more than was asked for', () => {
    const ledger = new Ledger(0n, [[2n, 4n]])
    const fetch = ledger.add(6n, 6, 0n)
    assert.equal(ledger.isAcked(fetch, 2), true)
    assert.equal(ledger.isAcked(fetch, 4), false)
    ledger.ackFirst(fetch, 2)
    assert.equal(ledger.lowWater, 4n)
  })

  it('leaves out what cannot be read any more, and nothing in flight', () => {
    const ledger = new Ledger(0n, [[50n, 60n]])
    const fetch = ledger.add(3n, 3, 0n)
    ledger.skipTo(100n)
    assert.equal(ledger.lowWater, 0n)
    ledger.ackFirst(fetch, 3)
    assert.equal(ledger.lowWater, 100n)
  })

  it('never passes a group that is not acknowledged, and forgets none that is', () => {
    fc.assert(fc.property(history, playHistory), { numRuns: runs(1000, 10_000) })
  })
})

type Step =
  | { do: 'fetch'; groups: number; exact: boolean }
  | { do: 'ackFirst'; pick: number; groups: number }
  | { do: 'ackOne'; pick: number; index: number }
  | { do: 'skip'; over: number }
  | { do: 'snapshot' }
  | { do: 'crash' }
  | { do: 'stop' }

const small = fc.nat({ max: 8 })
const history = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('fetch' as const), groups: small, exact: fc.boolean() })
    },
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant('ackFirst' as const), pick: fc.nat(), groups: small })
    },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('ackOne' as const), pick: fc.nat(), index: small }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('skip' as const), over: small }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('snapshot' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const) }) }
  ),
  { maxLength: 60 }
)

interface Snapshot {
  lowWater: bigint
  acked: Range[]
}

/** A shard that has a group at every position, and a reader whose every group is written down by hand. */
class Model {
  ledger = new Ledger(0n)
  fetches: { entry: LedgerEntry; positions: bigint[] }[] = []
  saved: Snapshot = { lowWater: 0n, acked: [] }
  /** Acknowledged since the reader's first start; what a crash forgot is taken out again. */
  acked = new Set<bigint>()
  ackedAtSave = new Set<bigint>()
  skipped = new Set<bigint>()

  fetch(groups: number, exact: boolean): void {
    const from = this.ledger.position
    const end = this.ledger.fetchEnd
    let to = from + BigInt(groups)
    if (end !== undefined && to > end) to = end
    const count = Number(to - from)
    const positions = Array.from({ length: count }, (_, index) => from + BigInt(index))
    for (const position of positions) assert.ok(!this.acked.has(position), `${position} came again`)
    const entry = this.ledger.add(to, count, exact ? from : undefined)
    this.fetches.push({ entry, positions })
  }

  ackFirst(pick: number, groups: number): void {
    const fetch = this.fetches[pick % Math.max(1, this.fetches.length)]
    if (fetch === undefined) return
    this.ledger.ackFirst(fetch.entry, groups)
    if (fetch.entry.first !== undefined) {
      for (const position of fetch.positions.slice(0, groups)) this.acked.add(position)
    }
    this.learnWhole(fetch)
  }

  ackOne(pick: number, index: number): void {
    const fetch = this.fetches[pick % Math.max(1, this.fetches.length)]
    if (fetch === undefined) return
    this.ledger.ackOne(fetch.entry, index)
    const position = fetch.positions[index]
    if (position !== undefined && fetch.entry.first !== undefined) this.acked.add(position)
    this.learnWhole(fetch)
  }

  /** Without a position to each group, only a whole fetch counts. */
  learnWhole({ entry, positions }: Model['fetches'][number]): void {
    if (this.ledger.isAcked(entry)) for (const position of positions) this.acked.add(position)
  }

  skip(over: number): void {
    const from = this.ledger.position
    for (let position = from; position < from + BigInt(over); position++) this.skipped.add(position)
    this.ledger.skipTo(from + BigInt(over))
  }

  save(): void {
    this.saved = { lowWater: this.ledger.lowWater, acked: this.ledger.ackedBeyond() }
    this.ackedAtSave = new Set(this.acked)
  }

  restart(): void {
    this.acked = new Set(this.ackedAtSave)
    this.ledger = new Ledger(this.saved.lowWater, this.saved.acked)
    this.fetches = []
  }

  check(): void {
    const { lowWater, position } = this.ledger
    const known = (at: bigint) => this.acked.has(at) || this.skipped.has(at)
    for (let at = 0n; at < lowWater; at++)
      assert.ok(known(at), `${at} was passed, the mark is at ${lowWater}`)
    for (const [from, to] of this.ledger.ackedBeyond()) {
      assert.ok(from > lowWater, `${from} is no range beyond ${lowWater}`)
      for (let at = from; at < to; at++) assert.ok(known(at), `${at} is not acknowledged`)
    }
    const beyond = (at: bigint) => this.ledger.ackedBeyond().some(([from, to]) => at >= from && at < to)
    for (const at of this.acked) {
      assert.ok(at < lowWater || beyond(at) || this.skipped.has(at), `${at} is forgotten at ${position}`)
    }
  }
}

function playHistory(steps: readonly Step[]): void {
  const model = new Model()
  let mark = 0n
  for (const step of steps) {
    switch (step.do) {
      case 'fetch':
        model.fetch(step.groups, step.exact)
        break
      case 'ackFirst':
        model.ackFirst(step.pick, step.groups)
        break
      case 'ackOne':
        model.ackOne(step.pick, step.index)
        break
      case 'skip':
        model.skip(step.over)
        break
      case 'snapshot':
        model.save()
        break
      case 'stop':
        model.save()
        model.restart()
        break
      case 'crash':
        model.restart()
        mark = model.ledger.lowWater
        break
    }
    assert.ok(model.ledger.lowWater >= mark, 'the mark went back')
    mark = model.ledger.lowWater
    model.check()
  }
}
