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

async function owns(assignment: ShardAssignment, logstore: string, id: number): Promise<boolean> {
  const assigner = createAssigner(assignment)
  await assigner.prepare(logstore, [shard(id)])
  return assigner.owns(logstore, shard(id))
}

async function owners(
  assignment: (taskIndex: number) => ShardAssignment,
  taskCount: number,
  logstore: string,
  id: number
): Promise<number[]> {
  const indexes = Array.from({ length: taskCount }, (_, taskIndex) => taskIndex)
  const owned = await Promise.all(indexes.map((taskIndex) => owns(assignment(taskIndex), logstore, id)))
  return indexes.filter((taskIndex) => owned[taskIndex])
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
    }),
    'an answer of custom that takes time': (taskCount) => (taskIndex) => ({
      type: 'custom',
      taskIndex,
      taskCount,
      assign: async ({ shardId }) => shardId * 3
    })
  }

  for (const [kind, make] of Object.entries(kinds)) {
    it(`by ${kind} gives every shard exactly one reader`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 20 }),
          fc.string(),
          fc.nat({ max: 100_000 }),
          async (taskCount, logstore, id) => {
            assert.equal((await owners(make(taskCount), taskCount, logstore, id)).length, 1)
          }
        )
      )
    })
  }

  it('by modulo goes by the shard id', async () => {
    const modulo = kinds['modulo']?.(3)
    assert.ok(modulo)
    assert.deepEqual(await Promise.all([0, 1, 2, 3, 7].map((id) => owners(modulo, 3, 'access', id))), [
      [0],
      [1],
      [2],
      [0],
      [1]
    ])
  })

  it('by roundRobin spreads logstores of one shard each', async () => {
    const roundRobin = kinds['roundRobin']?.(4)
    assert.ok(roundRobin)
    const counts = [0, 0, 0, 0]
    for (let index = 0; index < 400; index++) {
      const [owner = 0] = await owners(roundRobin, 4, `logstore-${index}`, 0)
      counts[owner] = (counts[owner] ?? 0) + 1
    }
    assert.ok(Math.min(...counts) > 60, `uneven: ${counts.join(', ')}`)
  })

  it('by custom refuses what is no whole number, and what fails', async () => {
    const custom = (assign: () => number) => ({ type: 'custom' as const, taskIndex: 0, taskCount: 2, assign })
    for (const assign of [() => 1.5, () => Number.NaN, () => Number.POSITIVE_INFINITY]) {
      await assert.rejects(owns(custom(assign), 'access', 3), { code: 'InvalidOption', field: 'assignment' })
    }
    const failing = () => {
      throw new Error('no table')
    }
    await assert.rejects(
      owns(custom(failing), 'access', 3),
      (error) => error instanceof SlsError && /no table.*shard 3 of access/.test(error.message)
    )
  })

  it('by custom asks once for each shard, and again only where it failed', async () => {
    const asked: number[] = []
    let isBroken = true
    const assigner = createAssigner({
      type: 'custom',
      taskIndex: 1,
      taskCount: 2,
      assign: ({ shardId }) => {
        asked.push(shardId)
        if (shardId === 1 && isBroken) throw new Error('not yet')
        return 1
      }
    })
    await assigner.prepare('access', [shard(0), shard(1)])
    assert.throws(() => assigner.owns('access', shard(1)), { code: 'InvalidOption' })
    isBroken = false
    await assigner.prepare('access', [shard(0), shard(1)])
    assert.equal(assigner.owns('access', shard(1)), true)
    assert.deepEqual(asked, [0, 1, 1])
  })
})
