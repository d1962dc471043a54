import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ConsumerGroup } from '../../emulator/store/consumer-group'
import { MemoryBudget } from '../../emulator/store/memory-budget'
import { Shard } from '../../emulator/store/shard'
import { runs } from '../support/counts'
import { jsonRequest, keyAt, World } from './world'

describe('heartbeats', () => {
  const world = new World({ logstores: ['access:4'] })
  const base = '/logstores/access/consumergroups'
  const request = (consumer: string, held: unknown) =>
    jsonRequest(`${base}/g?type=heartbeat&consumer=${consumer}`, held)
  const beat = (consumer: string, held: readonly number[] = []) =>
    world.client.json<number[]>(request(consumer, held))
  const commitEnd = async (shard: number) => {
    const checkpoint = await world.cursor(shard, 'end')
    await world.post(`${base}/g?type=checkpoint&forceSuccess=true`, { shard, checkpoint })
  }
  const startGroup = (order: boolean) => world.post(base, { consumerGroup: 'g', timeout: 60, order })

  beforeEach(() => startGroup(false))

  it('give the only consumer every shard', async () => assert.deepEqual(await beat('one'), [0, 1, 2, 3]))

  it('go on giving them, whatever is held so far', async () => {
    await beat('one')
    assert.deepEqual(await beat('one', [2]), [0, 1, 2, 3])
    assert.deepEqual(await beat('one', [0, 1, 2, 3]), [0, 1, 2, 3])
  })

  it('give a second consumer half, but only what the first has let go of', async () => {
    await beat('one')
    assert.deepEqual(await beat('two'), [])
    const kept = await beat('one', [0, 1, 2, 3])
    assert.equal(kept.length, 2)
    assert.deepEqual(await beat('two'), [], 'still reported by the first')
    assert.deepEqual(await beat('one', [0, 1, 2, 3]), kept)
    assert.deepEqual(await beat('one', kept), kept)
    assert.deepEqual(new Set([...kept, ...(await beat('two'))]), new Set([0, 1, 2, 3]))
  })

  it('give shards one by one as they are let go of', async () => {
    await beat('one')
    await beat('two')
    const kept = await beat('one', [0, 1, 2, 3])
    const [leaving = -1] = [0, 1, 2, 3].filter((shard) => !kept.includes(shard))
    await beat(
      'one',
      [0, 1, 2, 3].filter((shard) => shard !== leaving)
    )
    assert.deepEqual(await beat('two'), [leaving])
  })

  it('of a consumer that lets go of everything free its shards for the others at once', async () => {
    await beat('one')
    await beat('two')
    const kept = await beat('one', [0, 1, 2, 3])
    await beat('one', kept)
    const own = await beat('two')
    assert.deepEqual(await beat('one'), [])
    assert.deepEqual(await beat('two', own), [0, 1, 2, 3])
  })

  it('of a consumer that is alone and begins anew give it everything again', async () => {
    await beat('one')
    await beat('one', [0, 1, 2, 3])
    assert.deepEqual(await beat('one'), [0, 1, 2, 3])
  })

  it('that stay out lose everything after the time-out', async () => {
    await beat('one')
    await beat('two')
    world.pass(60)
    assert.deepEqual(await beat('two'), [], 'not a moment before')
    world.pass(1)
    assert.deepEqual(await beat('two'), [0, 1, 2, 3])
  })

  it('of a forgotten consumer must begin with nothing', async () => {
    await beat('one')
    world.pass(61)
    assert.equal(await world.client.refusal(request('one', [0])), '400 NotExistConsumerWithBody')
    assert.deepEqual(await beat('one'), [0, 1, 2, 3])
  })

  it('follow the time-out of the group as it is', async () => {
    await beat('one')
    await world.post(`${base}/g`, { timeout: 10 }, 'PUT')
    world.pass(11)
    assert.deepEqual(await beat('two'), [0, 1, 2, 3])
  })

  it('give the children of a split at once where order is not asked for', async () => {
    await beat('one')
    world.emulator.splitShard('access', 0)
    assert.deepEqual(await beat('one', [0, 1, 2, 3]), [0, 1, 2, 3, 4, 5])
  })

  it('take a readonly shard away when its end is committed', async () => {
    await beat('one')
    world.emulator.splitShard('access', 0)
    await commitEnd(0)
    assert.deepEqual(await beat('one', [0, 1, 2, 3]), [1, 2, 3, 4, 5])
  })

  it('give it back when its checkpoint is set back', async () => {
    await world.putText('x', keyAt(0))
    world.emulator.splitShard('access', 0)
    await commitEnd(0)
    await beat('one')
    const checkpoint = await world.cursor(0, 'begin')
    await world.post(`${base}/g?type=checkpoint&forceSuccess=true`, { shard: 0, checkpoint })
    assert.deepEqual(await beat('one'), [0, 1, 2, 3, 4, 5])
  })

  describe('in an ordered group', () => {
    beforeEach(async () => {
      await world.client.send({ method: 'DELETE', target: `${base}/g` })
      await startGroup(true)
    })

    it('keep the children back until the parent is consumed', async () => {
      await beat('one')
      world.emulator.splitShard('access', 0)
      assert.deepEqual(await beat('one', [0, 1, 2, 3]), [0, 1, 2, 3])
      await commitEnd(0)
      assert.deepEqual(await beat('one', [0, 1, 2, 3]), [1, 2, 3, 4, 5])
    })

    it('keep a merged shard back until both parents are consumed, be they empty', async () => {
      world.emulator.mergeShard('access', 0)
      assert.deepEqual(await beat('one'), [0, 1, 2, 3])
      await commitEnd(1)
      assert.deepEqual(await beat('one'), [0, 2, 3])
      await commitEnd(0)
      assert.deepEqual(await beat('one'), [2, 3, 4])
    })

    it('keep grandchildren back while a parent waits', async () => {
      const [child = -1] = world.emulator.splitShard('access', 0)
      const grandchildren = world.emulator.splitShard('access', child)
      await commitEnd(child)
      const waiting = await beat('one')
      assert.ok(!grandchildren.some((shard) => waiting.includes(shard)))
      await commitEnd(0)
      const ready = await beat('one')
      assert.ok(grandchildren.every((shard) => ready.includes(shard)))
    })

    it('give the children when order is given up, and hold it for later splits only when it comes back', async () => {
      world.emulator.splitShard('access', 0)
      await world.post(`${base}/g`, { order: false }, 'PUT')
      assert.deepEqual(await beat('one'), [0, 1, 2, 3, 4, 5])
      await world.post(`${base}/g`, { order: true }, 'PUT')
      assert.deepEqual(await beat('one'), [0, 1, 2, 3, 4, 5])
      world.emulator.splitShard('access', 1)
      assert.deepEqual(await beat('one'), [0, 1, 2, 3, 4, 5])
    })
  })

  for (const [what, held] of Object.entries({
    'an object': { shards: [0] },
    'a number': 1,
    names: ['a'],
    'negative ids': [-1],
    fractions: [0.5]
  })) {
    it(`refuse ${what}`, async () =>
      assert.equal(await world.client.refusal(request('one', held)), '400 JsonInfoInvalid'))
  }

  it('need a consumer', async () => {
    assert.equal(await world.refused(`${base}/g?type=heartbeat`, []), '400 ParameterInvalid')
  })
})

describe('a rebalance', function () {
  this.timeout(runs(20_000, 600_000))
  const consumers = ['a', 'b', 'c', 'd', 'e']

  function shardsOf(count: number): Map<number, Shard> {
    const identity = { range: { begin: 0n, end: 1n }, createTime: 0, firstCursor: 1n, parents: [] }
    return new Map(
      Array.from({ length: count }, (_, id) => [
        id,
        new Shard({ ...identity, id }, new MemoryBudget(), undefined)
      ])
    )
  }

  it('gives every shard one owner, evenly, and no shard that another still reports', () => {
    const action = fc.record({
      consumer: fc.constantFrom(...consumers),
      /** Whether the consumer has finished letting go of what it lost. */
      letsGo: fc.boolean(),
      seconds: fc.integer({ min: 0, max: 30 })
    })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(action, { maxLength: 80 }), (count, actions) => {
        const group = new ConsumerGroup('g', { timeout: 60, order: false })
        const shards = shardsOf(count)
        const held = new Map<string, Set<number>>()
        const lastSeen = new Map<string, number>()
        let now = 0
        const alive = (consumer: string) =>
          now - (lastSeen.get(consumer) ?? Number.NEGATIVE_INFINITY) <= 60_000
        const beat = (consumer: string, letsGo: boolean) => {
          if (!alive(consumer)) held.set(consumer, new Set())
          lastSeen.set(consumer, now)
          const mine = held.get(consumer) ?? new Set()
          const assigned = group.heartbeat(consumer, [...mine], shards, now)
          held.set(consumer, new Set(letsGo ? assigned : [...mine, ...assigned]))
          for (const other of consumers) {
            if (other === consumer || !alive(other)) continue
            const both = assigned.filter((shard) => held.get(other)?.has(shard))
            assert.deepEqual(both, [], `${consumer} was given what ${other} holds`)
          }
          return assigned
        }
        for (const { consumer, letsGo, seconds } of actions) {
          now += seconds * 1000
          beat(consumer, letsGo)
        }
        const living = consumers.filter(alive)
        if (living.length === 0) return
        for (let round = 0; round < 4; round++) for (const consumer of living) beat(consumer, true)
        const assigned = living.map((consumer) => beat(consumer, true))
        assert.deepEqual(
          assigned.flat().sort((a, b) => a - b),
          [...shards.keys()]
        )
        const loads = assigned.map((own) => own.length)
        assert.ok(Math.max(...loads) - Math.min(...loads) <= 1, `uneven: ${loads}`)
      }),
      { numRuns: runs(300, 10_000) }
    )
  })

  it('leaves everything where it is when nobody comes or goes', () => {
    const group = new ConsumerGroup('g', { timeout: 60, order: false })
    const shards = shardsOf(7)
    const held = new Map<string, number[]>(consumers.map((consumer) => [consumer, []]))
    const round = () => {
      for (const consumer of consumers)
        held.set(consumer, group.heartbeat(consumer, held.get(consumer) ?? [], shards, 0))
      return JSON.stringify([...held])
    }
    for (let i = 0; i < 4; i++) round()
    const settled = round()
    for (let i = 0; i < 10; i++) assert.equal(round(), settled)
  })
})
