import { strict as assert } from 'node:assert'
import { encodeCursor } from '../../../engine/client/cursor'
import type { Shard, ShardCheckpoint } from '../../../engine/client/model'
import { beginning, isYoungerThanGroup, resume } from '../../../engine/source/start-position'

const local = (position: bigint) => ({ cursor: encodeCursor(position), updateTime: 1 })

function checkpoint(position: bigint, shard = 0, updateTime = 0): ShardCheckpoint {
  return { shard, cursor: encodeCursor(position), updateTime, consumer: '' }
}

function shard(shardId: number, from: string, to: string, createTime: number): Shard {
  return {
    shardId,
    status: 'readwrite',
    inclusiveBeginKey: from.padEnd(32, '0'),
    exclusiveEndKey: to.padEnd(32, '0'),
    createTime
  }
}

describe('where reading resumes', () => {
  it('is nowhere without progress', () => {
    assert.equal(resume(undefined, undefined, false), undefined)
  })

  it('is the local progress before that of the group', () => {
    assert.deepEqual(resume(local(5n), checkpoint(9n), false), { position: 5n, origin: 'local', acked: [] })
  })

  it('is the checkpoint of the group without local progress', () => {
    assert.deepEqual(resume(undefined, checkpoint(9n), false), { position: 9n, origin: 'group', acked: [] })
  })

  it('is the further of the two after a shard has moved', () => {
    assert.equal(resume(local(5n), checkpoint(9n), true)?.position, 9n)
    assert.equal(resume(local(9n), checkpoint(5n), true)?.position, 9n)
    assert.equal(resume(local(9n), undefined, true)?.position, 9n)
  })

  it('leaves out what was acknowledged beyond, as far as it still lies beyond', () => {
    const acked: [string, string][] = [
      [encodeCursor(6n), encodeCursor(8n)],
      [encodeCursor(20n), encodeCursor(30n)]
    ]
    const kept = { ...local(5n), acked }
    assert.deepEqual(resume(kept, undefined, false)?.acked, [
      [6n, 8n],
      [20n, 30n]
    ])
    assert.deepEqual(resume(kept, checkpoint(9n), true)?.acked, [[20n, 30n]])
  })

  it('does not take what is no cursor for progress', () => {
    assert.equal(resume({ cursor: '!', updateTime: 1 }, undefined, false), undefined)
    const strange = { shard: 0, cursor: 'c29tZXRoaW5n', updateTime: 0, consumer: '' }
    assert.equal(resume(undefined, strange, false), undefined)
  })
})

describe('where reading begins without progress', () => {
  it('is the position, and its default where a checkpoint was asked for', () => {
    assert.deepEqual(beginning({ type: 'end' }, { type: 'begin' }, false), {
      from: 'end',
      origin: 'position'
    })
    assert.deepEqual(beginning({ type: 'timestamp', time: 7 }, { type: 'begin' }, false), {
      from: 7,
      origin: 'position'
    })
    assert.deepEqual(beginning({ type: 'checkpoint' }, { type: 'timestamp', time: 7 }, false), {
      from: 7,
      origin: 'default'
    })
  })

  it('is the first log group of a shard that was born later, whatever the position', () => {
    for (const type of ['begin', 'end', 'checkpoint'] as const) {
      assert.deepEqual(beginning({ type }, { type: 'end' }, true), { from: 'begin', origin: 'child' })
    }
  })

  it('knows a shard that was born after the group began by its parents, or by the time of a commit', () => {
    const parent = shard(0, '0', '8', 100)
    const child = shard(2, '0', '4', 200)
    const stranger = shard(1, '8', 'f', 100)
    const listed = [parent, stranger, child]
    const commits = (...checkpoints: ShardCheckpoint[]) =>
      new Map(checkpoints.map((each) => [each.shard, each]))
    assert.equal(isYoungerThanGroup(child, listed, commits(checkpoint(1n, 0))), true)
    assert.equal(isYoungerThanGroup(child, listed, commits(checkpoint(1n, 1))), false)
    assert.equal(isYoungerThanGroup(child, listed, commits(checkpoint(1n, 1, 150_000))), true)
    assert.equal(isYoungerThanGroup(child, listed, commits(checkpoint(1n, 1, 250_000))), false)
    assert.equal(isYoungerThanGroup(parent, listed, commits(checkpoint(1n, 1, 150_000))), false)
    assert.equal(isYoungerThanGroup(child, listed, commits(checkpoint(1n, 0), checkpoint(1n, 2))), false)
    assert.equal(isYoungerThanGroup(child, listed, commits()), false)
  })
})
