import { strict as assert } from 'node:assert'
import fc from 'fast-check'
import { MemoryGate, type Reservation } from '../../../engine/source/memory-gate'
import { runs } from '../../support/counts'

const mebibyte = 1024 * 1024
const forever = new AbortController().signal

/** Lets promises that are settled be seen. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('the memory gate', () => {
  it('lets everything through without a limit', async () => {
    const gate = new MemoryGate(0)
    for (let count = 0; count < 100; count++) {
      const reservation = await gate.reserve(1, forever)
      reservation.settle(100 * mebibyte)
      reservation.taken()
    }
    assert.equal(gate.held, 10_000 * mebibyte)
  })

  it('counts a fetch under way with the largest response', async () => {
    const gate = new MemoryGate(15 * mebibyte)
    const first = await gate.reserve(1, forever)
    await gate.reserve(1, forever)
    const third = gate.reserve(1, forever)
    await turn()
    assert.equal(gate.waiting, 1)
    first.settle(10)
    await third
    assert.equal(gate.waiting, 0)
  })

  it('lets nothing through while enough lies ready for the flow', async () => {
    const gate = new MemoryGate(0)
    const ready = await Promise.all(Array.from({ length: 10 }, () => gate.reserve(1, forever)))
    for (const reservation of ready) reservation.settle(2 * mebibyte)
    const waiting = [gate.reserve(1, forever), gate.reserve(1, forever)]
    await turn()
    assert.equal(gate.waiting, 2)
    ready[0]?.taken()
    ready[0]?.taken()
    ready[0]?.release()
    ready[1]?.taken()
    await turn()
    assert.equal(gate.waiting, 2, 'eight lie ready')
    ready[2]?.release()
    await Promise.all(waiting)
    assert.equal(gate.held, 16 * mebibyte)
  })

  it('lets any number of small responses, and some large ones, lie ready for the flow', async () => {
    const gate = new MemoryGate(0)
    for (let count = 0; count < 1000; count++) (await gate.reserve(1, forever)).settle(1000)
    const other = new MemoryGate(0)
    for (let count = 0; count < 8; count++) (await other.reserve(1, forever)).settle(10 * mebibyte)
    assert.equal(other.held, 80 * mebibyte)
  })

  it('lets one through that is larger than the limit, and nothing beside it', async () => {
    const gate = new MemoryGate(1000)
    const first = await gate.reserve(5000, forever)
    first.settle(5000)
    const second = gate.reserve(1, forever)
    await turn()
    assert.equal(gate.waiting, 1)
    first.release()
    first.release()
    await second
    assert.equal(gate.held, 0)
  })

  it('keeps the order of those who wait', async () => {
    const gate = new MemoryGate(100)
    const holder = await gate.reserve(1, forever)
    holder.settle(100)
    const order: string[] = []
    const large = gate.reserve(90, forever).then((reservation) => {
      order.push('large')
      reservation.release()
    })
    const small = gate.reserve(1, forever).then(() => order.push('small'))
    holder.release()
    await Promise.all([large, small])
    assert.deepEqual(order, ['large', 'small'])
  })

  it('lets those behind pass when somebody gives up', async () => {
    const gate = new MemoryGate(100)
    const holder = await gate.reserve(1, forever)
    holder.settle(50)
    const impatient = new AbortController()
    const refused = gate.reserve(90, impatient.signal)
    const modest = gate.reserve(10, forever)
    await turn()
    assert.equal(gate.waiting, 2)
    impatient.abort()
    await assert.rejects(refused, { code: 'Aborted' })
    await modest
    await assert.rejects(gate.reserve(1, impatient.signal), { code: 'Aborted' })
  })

  it('never holds more than the limit and one response, and always moves on', async () => {
    const step = fc.record({
      size: fc.integer({ min: 0, max: 10 }),
      isRelease: fc.boolean(),
      fails: fc.boolean()
    })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.array(step, { maxLength: 40 }),
        async (limit, steps) => {
          const gate = new MemoryGate(limit * mebibyte)
          const held: Reservation[] = []
          const underWay: Promise<void>[] = []
          for (const { size, isRelease, fails } of steps) {
            if (isRelease) held.shift()?.release()
            underWay.push(
              gate.reserve(size * mebibyte, forever).then(async (reservation) => {
                await turn()
                if (fails) {
                  reservation.release()
                  return
                }
                reservation.settle(size * mebibyte)
                held.push(reservation)
                assert.ok(gate.held <= (limit + 10) * mebibyte, `${gate.held} held of ${limit} MiB`)
              })
            )
          }
          let isOver: boolean = false
          const over = Promise.all(underWay).then(() => {
            isOver = true
          })
          while (!isOver) {
            await turn()
            held.shift()?.release()
          }
          await over
          for (const each of held) each.release()
          assert.equal(gate.held, 0)
        }
      ),
      { numRuns: runs(60, 2000) }
    )
  })
})
