import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Acknowledgements } from '../../nodes/acknowledgements'
import { type DeliveryUnit, deliveryUnits } from '../../nodes/log-to-message'
import { runs } from '../support/counts'
import { batchOf, type TestBatch } from './batches'

const asLogs = { output: 'log', parseJson: false, numbers: false } as const

function groups(...sizes: readonly number[]) {
  return sizes.map((size) => ({
    topic: '',
    source: '',
    tags: [],
    logs: Array.from({ length: size }, (_, n) => ({ time: 1, contents: [['n', String(n)] as const] }))
  }))
}

/** What of a unit is sent, by `msg.sls.index`. */
function send(acknowledgements: Acknowledgements, unit: DeliveryUnit): number[] {
  const { wants } = acknowledgements.begin(unit)
  return Array.from({ length: unit.messages }, (_, number) => number)
    .filter((number) => wants(number))
    .map((number) => unit.firstIndex + number)
}

function unitsOf(batch: TestBatch): DeliveryUnit[] {
  return deliveryUnits(batch, asLogs)
}

describe('Acknowledgements', () => {
  let acknowledgements: Acknowledgements
  beforeEach(() => {
    acknowledgements = new Acknowledgements()
  })

  it('finish a unit with its last message, in any order', () => {
    const batch = batchOf(groups(3))
    const [unit] = unitsOf(batch)
    assert.ok(unit)
    assert.deepEqual(send(acknowledgements, unit), [0, 1, 2])
    for (const index of [2, 0]) assert.ok(acknowledgements.acknowledge(unit.place, index))
    assert.equal(batch.acknowledged.size, 0)
    assert.equal(acknowledgements.waiting, 1)
    acknowledgements.acknowledge(unit.place, 1)
    assert.deepEqual([...batch.acknowledged], ['0/0'])
    assert.equal(acknowledgements.waiting, 0)
  })

  it('of something else than what waits have no effect', () => {
    const batch = batchOf(groups(1))
    const [unit] = unitsOf(batch)
    assert.ok(unit)
    send(acknowledgements, unit)
    assert.equal(acknowledgements.acknowledge('elsewhere', 0), false)
    assert.equal(acknowledgements.acknowledge(unit.place, 1), false)
    assert.equal(acknowledgements.acknowledge(unit.place, 0.5), false)
    assert.equal(batch.acknowledged.size, 0)
  })

  it('tell apart groups that share a cursor because of a query', () => {
    const batch = batchOf(groups(2, 2), { query: true })
    const [first, second] = unitsOf(batch)
    assert.ok(first && second)
    assert.deepEqual(send(acknowledgements, first), [0, 1])
    assert.deepEqual(send(acknowledgements, second), [2, 3])
    for (const index of [2, 3]) acknowledgements.acknowledge(first.place, index)
    assert.deepEqual([...batch.acknowledged], ['0/2'])
  })

  it('a refusal asks for the batch once more and sends only what was refused', () => {
    const batch = batchOf(groups(4))
    const [unit] = unitsOf(batch)
    assert.ok(unit)
    send(acknowledgements, unit)
    acknowledgements.acknowledge(unit.place, 0)
    const error = new Error('refused')
    assert.equal(acknowledgements.refuse(unit.place, 1, error), true)
    assert.equal(acknowledgements.refuse(unit.place, 1, error), false)
    assert.equal(acknowledgements.refuse(unit.place, 0, error), false)
    assert.deepEqual(batch.refusals, [error])
    const again = batchOf(groups(4))
    const [sameUnit] = unitsOf(again)
    assert.ok(sameUnit)
    assert.deepEqual(send(acknowledgements, sameUnit), [1])
    for (const index of [1, 2, 3]) acknowledgements.acknowledge(unit.place, index)
    assert.deepEqual([...again.acknowledged], ['0/0'])
    assert.equal(batch.acknowledged.size, 0)
  })

  it('survive a restart of the node in part', () => {
    const [unit] = unitsOf(batchOf(groups(6)))
    assert.ok(unit)
    send(acknowledgements, unit)
    for (const index of [0, 1, 4]) acknowledgements.acknowledge(unit.place, index)
    const saved = JSON.parse(JSON.stringify(acknowledgements.partial())) as ReturnType<
      Acknowledgements['partial']
    >
    const restarted = new Acknowledgements()
    restarted.restore(saved)
    assert.deepEqual(restarted.partial(), saved)
    const batch = batchOf(groups(6))
    const [sameUnit] = unitsOf(batch)
    assert.ok(sameUnit)
    assert.deepEqual(send(restarted, sameUnit), [2, 3, 5])
    for (const index of [2, 3, 5]) restarted.acknowledge(unit.place, index)
    assert.deepEqual([...batch.acknowledged], ['0/0'])
    assert.deepEqual(restarted.partial(), {})
  })

  it('of single logs do not count for a message that holds them all, after a change of the output', () => {
    const [unit] = unitsOf(batchOf(groups(6)))
    assert.ok(unit)
    send(acknowledgements, unit)
    acknowledgements.acknowledge(unit.place, 0)
    for (const output of ['group', 'raw', 'fetch'] as const) {
      const restarted = new Acknowledgements()
      restarted.restore(acknowledgements.partial())
      const batch = batchOf(groups(6))
      const [whole] = deliveryUnits(batch, { ...asLogs, output })
      assert.ok(whole)
      assert.deepEqual(send(restarted, whole), [0], output)
      assert.equal(batch.acknowledged.size, 0)
      assert.deepEqual(restarted.partial(), {})
    }
  })

  it('of a fetch do not count for a longer one from the same cursor', () => {
    const asFetch = { ...asLogs, output: 'fetch' } as const
    const [short] = deliveryUnits(batchOf(groups(2)), asFetch)
    const batch = batchOf(groups(2, 3))
    const [long] = deliveryUnits(batch, asFetch)
    assert.ok(short && long)
    assert.deepEqual(send(acknowledgements, short), [0])
    assert.deepEqual(send(acknowledgements, long), [0])
    assert.equal(acknowledgements.acknowledge(short.place, 0, 2), false)
    assert.equal(batch.acknowledged.size, 0)
    assert.equal(acknowledgements.acknowledge(long.place, 0, 5), true)
    assert.deepEqual([...batch.acknowledged], ['0/0', '1/0'])
  })

  it('are forgotten when the reading goes on elsewhere', () => {
    const batch = batchOf(groups(1))
    const [unit] = unitsOf(batch)
    assert.ok(unit)
    send(acknowledgements, unit)
    acknowledgements.clear()
    assert.equal(acknowledgements.acknowledge(unit.place, 0), false)
    assert.deepEqual(send(acknowledgements, unit), [0])
  })

  it('in any course deliver each message until it is acknowledged, and finish nothing before', () => {
    const step = fc.record({
      action: fc.constantFrom('acknowledge', 'refuse', 'redeliver', 'restart'),
      group: fc.nat(2),
      log: fc.nat(4)
    })
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
        fc.array(step),
        (sizes, steps) => {
          let tracked = new Acknowledgements()
          let batch = batchOf(groups(...sizes))
          const finished = sizes.map((size) => new Array<boolean>(size).fill(false))
          const withFlow = sizes.map((size) => new Array<boolean>(size).fill(false))
          const done = new Set<number>()

          const deliver = (): void => {
            batch = batchOf(groups(...sizes))
            unitsOf(batch).forEach((unit, group) => {
              if (done.has(group)) return
              for (const index of send(tracked, unit)) {
                assert.equal(finished[group]?.[index], false, 'what is acknowledged is not sent again')
                assert.equal(withFlow[group]?.[index], false, 'what the flow holds is not sent again')
                if (withFlow[group]) withFlow[group][index] = true
              }
              assert.ok(
                withFlow[group]?.every((held, log) => held || finished[group]?.[log]),
                'all else is sent'
              )
            })
          }
          const check = (): void => {
            for (const place of batch.acknowledged) {
              const group = Number(place.split('/')[0])
              assert.ok(finished[group]?.every(Boolean), 'no group is done before its logs are')
              done.add(group)
            }
            finished.forEach((logs, group) => {
              if (logs.every(Boolean)) assert.ok(done.has(group), 'a group is done with its last log')
            })
          }

          deliver()
          for (const { action, group, log } of steps) {
            const held = withFlow[group]
            const place = unitsOf(batch)[group]?.place ?? ''
            if (action === 'redeliver') deliver()
            else if (action === 'restart') {
              const saved = tracked.partial()
              tracked = new Acknowledgements()
              tracked.restore(saved)
              for (const logs of withFlow) logs.fill(false)
              deliver()
            } else if (held?.[log]) {
              held[log] = false
              if (action === 'acknowledge') {
                tracked.acknowledge(place, log)
                const logs = finished[group]
                if (logs) logs[log] = true
              } else {
                tracked.refuse(place, log, 'refused')
              }
            }
            check()
          }
        }
      ),
      { numRuns: runs(500, 20_000) }
    )
  })
})
