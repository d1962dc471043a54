import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import type { Shard } from '../../../engine/client/model'
import { ancestorsOf } from '../../../engine/source/lineage'
import { runs } from '../../support/counts'

const first = '0'.repeat(32)
const last = 'f'.repeat(32)

function shard(shardId: number, from: string, to: string, createTime = 0): Shard {
  return { shardId, status: 'readwrite', inclusiveBeginKey: from, exclusiveEndKey: to, createTime }
}

function ids(shards: readonly Shard[]): number[] {
  return shards.map(({ shardId }) => shardId)
}

describe('the lineage of shards', () => {
  const half = '8'.padEnd(32, '0')

  it('knows the parent of a split', () => {
    const shards = [shard(0, first, last), shard(1, first, half), shard(2, half, last)]
    assert.deepEqual(
      shards.map((each) => ids(ancestorsOf(each, shards))),
      [[], [0], [0]]
    )
  })

  it('knows both parents of a merge, and theirs', () => {
    const shards = [shard(0, first, last), shard(1, first, half), shard(2, half, last), shard(3, first, last)]
    assert.deepEqual(ids(ancestorsOf(shard(3, first, last), shards)), [0, 1, 2])
  })

  it('takes neighbours that only touch for what they are', () => {
    const shards = [shard(0, first, half), shard(1, half, last)]
    assert.deepEqual(ids(ancestorsOf(shard(1, half, last), shards)), [])
  })

  it('goes by creation time where ids say otherwise', () => {
    const shards = [shard(5, first, last, 100), shard(3, first, last, 200)]
    assert.deepEqual(ids(ancestorsOf(shard(3, first, last, 200), shards)), [5])
    assert.deepEqual(ids(ancestorsOf(shard(5, first, last, 100), shards)), [])
  })

  it('goes by id where the creation time is the same or not known', () => {
    const shards = [shard(0, first, last, 100), shard(1, first, half, 100), shard(2, half, last, 0)]
    assert.deepEqual(
      shards.map((each) => ids(ancestorsOf(each, shards))),
      [[], [0], [0]]
    )
  })

  it('finds all parents, and none but ancestors, after any splits and merges', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ isSplit: fc.boolean(), pick: fc.nat(), at: fc.nat({ max: 98 }) }), {
          maxLength: 25
        }),
        (steps) => {
          const history = new KeySpace()
          for (const { isSplit, pick, at } of steps) {
            if (isSplit) history.split(pick, at + 1)
            else history.merge(pick)
          }
          for (const each of history.all) {
            const found = new Set(ids(ancestorsOf(each, history.all)))
            const { parents, ancestors } = history.family(each.shardId)
            assert.deepEqual(
              [...parents].filter((id) => !found.has(id)),
              [],
              'a parent was not found'
            )
            assert.deepEqual(
              [...found].filter((id) => !ancestors.has(id)),
              [],
              'a stranger was found'
            )
          }
        }
      ),
      { numRuns: runs(200, 5000) }
    )
  })
})

interface Family {
  parents: ReadonlySet<number>
  ancestors: ReadonlySet<number>
}

/** Splits and merges that keep book of who came from whom; keys are numbers, written so that they compare as text. */
class KeySpace {
  readonly all: Shard[] = []
  readonly #families = new Map<number, Family>()
  #open: { id: number; from: number; to: number }[] = []

  constructor() {
    this.#add(0, 1_000_000, [])
  }

  family(id: number): Family {
    return this.#families.get(id) ?? { parents: new Set(), ancestors: new Set() }
  }

  split(pick: number, percent: number): void {
    const index = pick % this.#open.length
    const parent = this.#open[index]
    if (parent === undefined) return
    const at = parent.from + Math.floor(((parent.to - parent.from) * percent) / 100)
    if (at <= parent.from || at >= parent.to) return
    this.#open.splice(index, 1)
    this.#add(parent.from, at, [parent.id])
    this.#add(at, parent.to, [parent.id])
  }

  merge(pick: number): void {
    const left = this.#open[pick % this.#open.length]
    const right = this.#open.find(({ from }) => from === left?.to)
    if (left === undefined || right === undefined) return
    this.#open = this.#open.filter((each) => each !== left && each !== right)
    this.#add(left.from, right.to, [left.id, right.id])
  }

  #add(from: number, to: number, parents: number[]): void {
    const id = this.all.length
    const key = (value: number) => String(value).padStart(32, '0')
    this.all.push(shard(id, key(from), key(to), 1000 + Math.floor(id / 3)))
    const ancestors = parents.flatMap((parent) => [parent, ...this.family(parent).ancestors])
    this.#families.set(id, { parents: new Set(parents), ancestors: new Set(ancestors) })
    this.#open.push({ id, from, to })
  }
}
