import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Logstore } from '../../emulator/store/logstore'
import { MemoryBudget } from '../../emulator/store/memory-budget'
import type { ShardInfo } from '../../emulator/store/shard'
import { StoreClock } from '../../emulator/store/store-clock'
import { runs } from '../support/counts'
import { keyAt, NOW, NOW_SECONDS, World } from './world'

const ZERO = '0'.repeat(32)
const LAST = 'f'.repeat(32)
const HALF = `8${'0'.repeat(31)}`

describe('shards', () => {
  const world = new World({ logstores: ['access:2', 'single:1'] })
  const shards = '/logstores/access/shards'
  const list = (logstore = 'access') =>
    world.client.json<ShardInfo[]>({ target: `/logstores/${logstore}/shards` })
  const act = (id: number, parameters: string) =>
    world.client.json<ShardInfo[]>({ method: 'POST', target: `${shards}/${id}?${parameters}` })
  const refused = (id: number | string, parameters: string, method = 'POST') =>
    world.client.refusal({ method, target: `${shards}/${id}?${parameters}` })

  it('of a new logstore divide the hash space evenly', async () => {
    const common = { status: 'readwrite', createTime: NOW_SECONDS }
    assert.deepEqual(await list(), [
      { shardID: 0, inclusiveBeginKey: ZERO, exclusiveEndKey: HALF, ...common },
      { shardID: 1, inclusiveBeginKey: HALF, exclusiveEndKey: LAST, ...common }
    ])
    assert.deepEqual(await list('single'), [
      { shardID: 0, inclusiveBeginKey: ZERO, exclusiveEndKey: LAST, ...common }
    ])
  })

  it('split at a key: the old one is readonly, two new ones share its range', async () => {
    world.pass(10)
    const key = `ef${'0'.repeat(30)}`
    const answer = await act(1, `action=split&key=${key}`)
    const born = { status: 'readwrite', createTime: NOW_SECONDS + 10 }
    assert.deepEqual(answer, [
      {
        shardID: 1,
        status: 'readonly',
        inclusiveBeginKey: HALF,
        exclusiveEndKey: LAST,
        createTime: NOW_SECONDS
      },
      { shardID: 2, inclusiveBeginKey: HALF, exclusiveEndKey: key, ...born },
      { shardID: 3, inclusiveBeginKey: key, exclusiveEndKey: LAST, ...born }
    ])
    assert.deepEqual((await list()).slice(1), answer)
  })

  it('split evenly into as many as asked for', async () => {
    const [, ...children] = await act(0, 'action=split&shardCount=4')
    assert.deepEqual(
      children.map(({ inclusiveBeginKey }) => inclusiveBeginKey.slice(0, 2)),
      ['00', '20', '40', '60']
    )
  })

  it('split in the middle where nothing is said', async () => {
    assert.equal((await act(0, 'action=split'))[2]?.inclusiveBeginKey, `4${'0'.repeat(31)}`)
  })

  for (const [what, id, parameters] of [
    ['at its own begin', 1, `key=${HALF}`],
    ['at its end', 0, `key=${HALF}`],
    ['at the last key', 1, `key=${LAST}`],
    ['outside its range', 0, `key=${keyAt(0.9)}`],
    ['at a short key', 0, 'key=40'],
    ['at no hexadecimal key', 0, `key=${'g'.repeat(32)}`],
    ['that does not exist', 9, ''],
    ['into one', 0, 'shardCount=1'],
    ['into very many', 0, 'shardCount=257']
  ] as const) {
    it(`refuses to split ${what}`, async () => {
      assert.equal(await refused(id, `action=split&${parameters}`), '400 ParameterInvalid')
    })
  }

  it('refuse to split or merge once they are readonly', async () => {
    await act(0, 'action=split')
    assert.equal(await refused(0, 'action=split'), '400 ParameterInvalid')
    assert.equal(await refused(0, 'action=merge'), '400 ParameterInvalid')
  })

  it('merge with their right neighbour: the new one first, then the two readonly ones', async () => {
    const answer = await act(0, 'action=merge')
    assert.deepEqual(
      answer.map(({ shardID, status, inclusiveBeginKey, exclusiveEndKey }) => [
        shardID,
        status,
        inclusiveBeginKey,
        exclusiveEndKey
      ]),
      [
        [2, 'readwrite', ZERO, LAST],
        [0, 'readonly', ZERO, HALF],
        [1, 'readonly', HALF, LAST]
      ]
    )
  })

  it('refuse to merge the last one', async () => {
    assert.equal(await refused(1, 'action=merge'), '400 ParameterInvalid')
  })

  it('keep what they hold when they are split, and new data goes to the children', async () => {
    await world.putText('before', keyAt(0.1))
    await act(0, 'action=split')
    await world.putText('after', keyAt(0.1))
    assert.deepEqual(await world.texts(0), ['before'])
    assert.deepEqual(await world.texts(2), ['after'])
  })

  it('answer an unchanged cursor at the end of a readonly one', async () => {
    await act(0, 'action=split')
    const end = await world.cursor(0, 'end')
    assert.equal((await world.pull(0, end)).next, end)
  })

  it('are deleted only when readonly', async () => {
    assert.equal(await refused(0, '', 'DELETE'), '400 ParameterInvalid')
    await act(0, 'action=split')
    assert.equal((await world.client.send({ method: 'DELETE', target: `${shards}/0` })).status, 200)
    assert.deepEqual(
      (await list()).map(({ shardID }) => shardID),
      [1, 2, 3]
    )
  })

  it('refuse another action', async () => {
    assert.equal(await refused(0, 'action=explode'), '400 ParameterInvalid')
    assert.equal(await refused('abc', 'action=split'), '400 ParameterInvalid')
  })
})

describe('any sequence of splits and merges', function () {
  this.timeout(runs(20_000, 600_000))
  const step = fc.record({
    split: fc.boolean(),
    pick: fc.nat(),
    parts: fc.option(fc.integer({ min: 2, max: 5 }), { nil: undefined }),
    at: fc.bigInt({ min: 0n, max: (1n << 128n) - 1n })
  })

  it('keeps the hash space whole and every log where it was', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 12 }), (shardCount, steps) => {
        const clock = new StoreClock(() => NOW)
        const budget = new MemoryBudget()
        const settings = {
          ttl: 1,
          enable_tracking: false,
          autoSplit: false,
          maxSplitShard: 64,
          appendMeta: false
        }
        const store = Logstore.create('demo', 'access', shardCount, settings, {
          clock,
          budget,
          retention: undefined,
          journal: () => undefined
        })
        let written = 0
        const write = () => {
          for (const shard of store.writableShards()) shard.append(Buffer.from(`${written++}`), 1, 1)
        }
        write()
        for (const { split, pick, parts, at } of steps) {
          const writable = store.writableShards()
          const shard = writable[pick % writable.length]
          if (shard === undefined) throw new Error('no shard can be written to')
          tryTo(() => {
            if (!split) store.mergeShard(shard.id)
            else store.splitShard(shard.id, parts === undefined ? { key: at } : { parts })
          })
          write()
        }
        const ranges = store
          .writableShards()
          .map(({ range }) => range)
          .sort((a, b) => (a.begin < b.begin ? -1 : 1))
        assert.equal(ranges[0]?.begin, 0n)
        assert.equal(ranges.at(-1)?.end, 1n << 128n)
        for (const [i, range] of ranges.entries()) {
          assert.ok(range.begin < range.end)
          if (i > 0) assert.equal(range.begin, ranges[i - 1]?.end)
        }
        const kept = store
          .listShards()
          .flatMap((shard) => [...shard.allGroups()].map((group) => Number(group.body())))
        assert.deepEqual(
          kept.sort((a, b) => a - b),
          Array.from({ length: written }, (_, i) => i)
        )
        assert.deepEqual(
          store.listShards().map(({ id }) => id),
          Array.from({ length: store.nextShardId }, (_, i) => i)
        )
      }),
      { numRuns: runs(200, 5000) }
    )
  })
})

describe('cursors of a shard', function () {
  this.timeout(runs(20_000, 600_000))
  it('grow by one a group and never come again, whatever expires in between', () => {
    const budget = new MemoryBudget()
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant('put'), fc.constant('expire')), { maxLength: 60 }),
        (steps) => {
          const clock = new StoreClock(() => NOW)
          const settings = {
            ttl: 1,
            enable_tracking: false,
            autoSplit: false,
            maxSplitShard: 64,
            appendMeta: false
          }
          const context = { clock, budget, retention: undefined, journal: () => undefined }
          const shard = Logstore.create('demo', 'access', 1, settings, context).shard(0)
          let end = shard.end
          const live: string[] = []
          for (const [i, step] of steps.entries()) {
            if (step === 'put') {
              shard.append(Buffer.from(`${i}`), 1, i)
              live.push(`${i}`)
              assert.equal(shard.end, ++end)
            } else {
              shard.expireOldest()
              live.shift()
              assert.equal(shard.end, end)
            }
            assert.equal(shard.begin, end - BigInt(live.length))
            const { groups, next } = shard.read(shard.begin, 1000, 1e9)
            assert.equal(next, end)
            assert.deepEqual(
              groups.map((group) => group.body().toString()),
              live
            )
            assert.equal(shard.logCount, live.length)
          }
        }
      ),
      { numRuns: runs(200, 5000) }
    )
  })
})

function tryTo(act: () => void): void {
  try {
    act()
  } catch (error) {
    assert.match(String(error), /invalid mid hash|can not merge the last shard/)
  }
}
