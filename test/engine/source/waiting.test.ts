import { strict as assert } from 'node:assert'
import { abortable, Condition } from '../../../engine/source/condition'
import { RateMeter } from '../../../engine/source/rate-meter'
import { Sleeper } from '../../../engine/source/sleeper'
import { StopLine } from '../../../engine/source/stop-line'
import { VirtualClock } from './virtual-clock'

const forever = new AbortController().signal

describe('a wait that can be cut short', () => {
  it('lasts its time where nobody does', async () => {
    const clock = new VirtualClock()
    const before = clock.now()
    assert.equal(await new Sleeper(clock).sleep(500, forever), false)
    assert.equal(clock.now() - before, 500)
  })

  it('ends when somebody does, or does not begin where somebody did before', async () => {
    const clock = new VirtualClock()
    const sleeper = new Sleeper(clock)
    const before = clock.now()
    const asleep = sleeper.sleep(500, forever)
    sleeper.wake()
    assert.equal(await asleep, true)
    sleeper.wake()
    assert.equal(await sleeper.sleep(500, forever), true)
    assert.equal(clock.now(), before)
    assert.equal(await sleeper.sleep(500, forever), false)
  })

  it('fails when it is aborted, before or while it lasts', async () => {
    const sleeper = new Sleeper(new VirtualClock())
    const stop = new AbortController()
    const asleep = sleeper.sleep(500, stop.signal)
    stop.abort()
    await assert.rejects(asleep, { code: 'Aborted' })
    sleeper.wake()
    await assert.rejects(sleeper.sleep(500, stop.signal), { code: 'Aborted' })
  })
})

describe('a condition', () => {
  it('lets all go on for whom it holds', async () => {
    const condition = new Condition()
    let level = 0
    const reached: number[] = []
    const waits = [1, 2, 0].map((wanted) =>
      condition.until(() => level >= wanted, forever).then(() => reached.push(wanted))
    )
    await waits[2]
    assert.deepEqual(reached, [0])
    level = 1
    condition.changed()
    await waits[0]
    level = 2
    condition.changed()
    await Promise.all(waits)
    assert.deepEqual(reached, [0, 1, 2])
  })

  it('lets go of those who are aborted', async () => {
    const condition = new Condition()
    const stop = new AbortController()
    const waiting = condition.until(() => false, stop.signal)
    stop.abort()
    await assert.rejects(waiting, { code: 'Aborted' })
    await assert.rejects(
      condition.until(() => true, stop.signal),
      { code: 'Aborted' }
    )
  })
})

describe('a promise that may be given up', () => {
  it('is what it becomes, unless it is given up first', async () => {
    assert.equal(await abortable(Promise.resolve(7), forever), 7)
    await assert.rejects(abortable(Promise.reject(new Error('no')), forever), /no/)
    const stop = new AbortController()
    const given = abortable(new Promise(() => undefined), stop.signal)
    stop.abort()
    await assert.rejects(given, { code: 'Aborted' })
    await assert.rejects(abortable(Promise.reject(new Error('late')), stop.signal), { code: 'Aborted' })
  })
})

describe('a rate', () => {
  it('is the mean of the last full seconds', () => {
    let now = 10_000
    const meter = new RateMeter(() => now)
    meter.add(100)
    assert.equal(meter.perSecond, 0)
    now += 1000
    assert.equal(meter.perSecond, 20)
    meter.add(400)
    now += 1000
    assert.equal(meter.perSecond, 100)
    now += 4000
    assert.equal(meter.perSecond, 80)
    now += 1000
    assert.equal(meter.perSecond, 0)
    now += 100_000
    assert.equal(meter.perSecond, 0)
    meter.add(50)
    now += 1000
    assert.equal(meter.perSecond, 10)
  })

  it('survives a clock that is set back', () => {
    let now = 10_000
    const meter = new RateMeter(() => now)
    meter.add(1000)
    now = 5000
    meter.add(10)
    assert.equal(meter.perSecond, 0)
    now = 6000
    assert.equal(meter.perSecond, 2)
    now = 12_000
    assert.equal(meter.perSecond, 0)
  })
})

describe('a stop line', () => {
  it('cannot be drawn where there is no stop time', () => {
    const line = new StopLine(undefined, () => 0)
    assert.equal(line.wait, undefined)
    assert.equal(line.isNear, false)
    assert.equal(line.mayHaveCrossed(5), false)
  })

  it('is drawn when the stop time is over', () => {
    let now = 90_000
    const line = new StopLine(100, () => now)
    assert.equal(line.wait, 11_000)
    assert.equal(line.isNear, false)
    assert.equal(line.mayHaveCrossed(90), false)
    now = 99_500
    assert.equal(line.isNear, true)
    assert.equal(line.mayHaveCrossed(99), true)
    now = 101_000
    assert.equal(line.wait, 0)
    line.draw(7n)
    assert.equal(line.position, 7n)
    assert.equal(line.wait, undefined)
    assert.equal(line.mayHaveCrossed(99), false)
  })

  it('is reached as soon as the service shows what was received after it, whatever the clock here says', () => {
    const line = new StopLine(100, () => 50_000)
    assert.equal(line.mayHaveCrossed(100), true)
    assert.equal(line.wait, 0)
    assert.equal(line.isNear, true)
  })
})
