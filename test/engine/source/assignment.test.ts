import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { SlsError } from '../../../engine/client/errors'
import type { Shard } from '../../../engine/client/model'
import { createAssigner, type ShardAssignment } from '../../../engine/source/assignment'

function shard(shardId: number): Shard {
  return {
    shardId,
    status: 'readwrite',
    inclusiveBeginKey: '0'.repeat(32),
    exclusiveEndKey: 'f'.repeat(32),
    createTime: 0
  }
}

function owners(
  assignment: (taskIndex: number) => ShardAssignment,
  taskCount: number,
  logstore: string,
  id: number
): number[] {
  return Array.from({ length: taskCount }, (_, taskIndex) => taskIndex).filter((taskIndex) =>
    createAssigner(assignment(taskIndex)).owns(logstore, shard(id))
  )
}

describe('the assignment of shards', () => {
  const kinds: Record<string, (taskCount: number) => (taskIndex: number) => ShardAssignment> = {
    modulo: (taskCount) => (taskIndex) => ({ type: 'modulo', taskIndex, taskCount }),
    roundRobin: (taskCount) => (taskIndex) => ({ type: 'roundRobin', taskIndex, taskCount }),
    custom: (taskCount) => (taskIndex) => ({
      type: 'custom',
      taskIndex,
      taskCount,
      assign: ({ shardId, logstore }) => -7 * shardId - logstore.length
    })
  }

  for (const [kind, make] of Object.entries(kinds)) {
    it(`by ${kind} gives every shard exactly one reader`, () => {
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 20 }),
          fc.string(),
          fc.nat({ max: 100_000 }),
          (taskCount, logstore, id) => {
            assert.equal(owners(make(taskCount), taskCount, logstore, id).length, 1)
          }
        )
      )
    })
  }

  it('by modulo goes by the shard id', () => {
    const modulo = kinds['modulo']?.(3)
    assert.ok(modulo)
    assert.deepEqual(
      [0, 1, 2, 3, 7].map((id) => owners(modulo, 3, 'access', id)),
      [[0], [1], [2], [0], [1]]
    )
  })

  it('by roundRobin spreads logstores of one shard each', () => {
    const roundRobin = kinds['roundRobin']?.(4)
    assert.ok(roundRobin)
    const counts = [0, 0, 0, 0]
    for (let index = 0; index < 400; index++) {
      const [owner = 0] = owners(roundRobin, 4, `logstore-${index}`, 0)
      counts[owner] = (counts[owner] ?? 0) + 1
    }
    assert.ok(Math.min(...counts) > 60, `uneven: ${counts.join(', ')}`)
  })

  it('by custom refuses what is no whole number, and what fails', () => {
    for (const assign of [() => 1.5, () => Number.NaN, () => Number.POSITIVE_INFINITY]) {
      const assigner = createAssigner({ type: 'custom', taskIndex: 0, taskCount: 2, assign })
      assert.throws(() => assigner.owns('access', shard(3)), { code: 'InvalidOption', field: 'assignment' })
    }
    const failing = createAssigner({
      type: 'custom',
      taskIndex: 0,
      taskCount: 2,
      assign: () => {
        throw new Error('no table')
      }
    })
    assert.throws(
      () => failing.owns('access', shard(3)),
      (error) => error instanceof SlsError && /no table.*shard 3 of access/.test(error.message)
    )
  })
})
