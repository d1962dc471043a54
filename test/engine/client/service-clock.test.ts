import assert from 'node:assert/strict'
import { ServiceClock } from '../../../engine/client/service-clock'

const HOUR = 3_600_000

/** @param steady stands still where not given: then this machine's clock is set whenever it moves */
function clockAt(machine: { time: number; steady?: number }) {
  const told: number[] = []
  const clock = new ServiceClock(
    () => machine.time,
    (offset) => told.push(offset),
    () => machine.steady ?? 0
  )
  const answered = (time: number, refused = false) =>
    clock.learn({ date: new Date(time).toUTCString() }, refused)
  return { clock, told, answered }
}

describe('The clock of the service', () => {
  it('is this machine’s until an answer shows that it is a minute off', () => {
    const machine = { time: 1_700_000_000_000 }
    const { clock, told, answered } = clockAt(machine)
    answered(machine.time + 59_000)
    assert.equal(clock.now(), machine.time)
    answered(machine.time + HOUR)
    assert.equal(clock.now(), machine.time + HOUR)
    assert.deepEqual(told, [HOUR])
  })

  it('is told once, and again when the difference changes or is gone', () => {
    const machine = { time: 1_700_000_000_000 }
    const { clock, told, answered } = clockAt(machine)
    for (let call = 0; call < 3; call++) answered(machine.time - HOUR + call * 1000)
    assert.deepEqual(told, [-HOUR])
    machine.time -= HOUR
    answered(machine.time)
    assert.deepEqual(told, [-HOUR, 0])
    assert.equal(clock.offset, 0)
  })

  it('follows a refusal to the second, however near', () => {
    const machine = { time: 1_700_000_000_000 }
    const { clock, told, answered } = clockAt(machine)
    answered(machine.time + 30_000, true)
    assert.equal(clock.offset, 30_000)
    assert.deepEqual(told, [])
  })

  it('is this machine’s at once when that is set right, before another answer', () => {
    const right = 1_700_000_000_000
    const machine = { time: HOUR, steady: 0 }
    const { clock, told, answered } = clockAt(machine)
    answered(right)
    machine.time = right + 5000
    machine.steady = 5000
    assert.equal(clock.now(), right + 5000)
    assert.equal(clock.offset, 0)
    assert.deepEqual(told, [right - HOUR, 0])
  })

  it('goes on when this machine’s is set back, before another answer', () => {
    const right = 1_700_000_000_000
    const machine = { time: right, steady: 0 }
    const { clock, told, answered } = clockAt(machine)
    answered(right)
    machine.time = right - 7 * HOUR
    machine.steady = 5000
    assert.equal(clock.now(), right + 5000)
    assert.deepEqual(told, [7 * HOUR + 5000])
    answered(right + 5000)
    assert.deepEqual(told, [7 * HOUR + 5000])
  })

  it('follows this machine’s after a sleep, and before the first answer', () => {
    const machine = { time: 1_700_000_000_000, steady: 0 }
    const { clock, told, answered } = clockAt(machine)
    machine.time -= HOUR
    assert.equal(clock.now(), machine.time)
    answered(machine.time)
    machine.time += 8 * HOUR
    assert.equal(clock.now(), machine.time)
    answered(machine.time - 2 * HOUR)
    machine.time += 8 * HOUR
    assert.equal(clock.now(), machine.time - 2 * HOUR)
    assert.deepEqual(told, [-2 * HOUR])
  })

  it('compares this machine’s with the steady one once a second, however often it is asked', () => {
    const machine = { time: 1_700_000_000_000 }
    let compared = 0
    const clock = new ServiceClock(
      () => machine.time,
      () => undefined,
      () => compared++
    )
    compared = 0
    for (let call = 0; call < 3000; call++) {
      clock.now()
      machine.time++
    }
    assert.equal(compared, 3)
    machine.time -= HOUR
    clock.now()
    assert.equal(compared, 4)
  })

  it('goes by x-log-time before Date, and by nothing that is no time', () => {
    const { clock } = clockAt({ time: 0 })
    clock.learn({ 'x-log-time': '7200', date: new Date(HOUR).toUTCString() }, false)
    assert.equal(clock.offset, 2 * HOUR)
    clock.learn({ 'x-log-time': 'soon', date: 'some day' }, true)
    clock.learn({}, true)
    assert.equal(clock.offset, 2 * HOUR)
  })
})
