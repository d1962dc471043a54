import assert from 'node:assert/strict'
import { Pace } from '../../../engine/sink/pace'

/** Sends calls of 1000 bytes to a place that takes so many a second, as fast as the pace allows; what was accepted. */
function run(pace: Pace, callsPerSecond: number, from: number, seconds: number) {
  let accepted = 0
  let refused = 0
  const bySecond = new Map<number, number>()
  for (let now = from; now < from + seconds * 1000; now += 10) {
    if (pace.waitAt(now) > 0) continue
    pace.begin(1000, now)
    const second = Math.floor(now / 1000)
    const calls = (bySecond.get(second) ?? 0) + 1
    bySecond.set(second, calls)
    if (calls > callsPerSecond) {
      refused++
      pace.throttled(now, now + 1)
    } else {
      accepted++
      pace.succeeded(1000, now + 1)
    }
  }
  return { accepted, refused }
}

/** Of a place that took so many bytes in each of the first ten seconds. */
function paceAfter(bytesPerSecond: number): Pace {
  const pace = new Pace(0, 5000)
  for (let second = 0; second < 10; second++) pace.succeeded(bytesPerSecond, second * 1000)
  return pace
}

describe('Pace', () => {
  it('does not bind before the place is throttled', () => {
    const pace = new Pace(0, 5000)
    pace.begin(1e9, 0)
    assert.equal(pace.waitAt(0), 0)
    assert.equal(pace.limitAt(0), undefined)
    assert.equal(pace.isCalmAt(0), true)
  })

  it('halves what was accepted, once for calls throttled together', () => {
    const pace = paceAfter(20_000)
    pace.throttled(9500, 9600)
    assert.equal(pace.limitAt(9600), 10_000)
    pace.throttled(10_500, 10_510)
    assert.equal(pace.limitAt(10_510), 10_000)
    pace.succeeded(20_000, 10_700)
    pace.throttled(11_000, 11_000)
    assert.equal(pace.limitAt(11_000), 10_000)
  })

  it('does not fall below half of what was taken in one of the last seconds, whatever is refused', () => {
    const pace = paceAfter(20_000)
    for (let second = 10; second < 18; second++) pace.throttled(second * 1000, second * 1000)
    assert.equal(pace.limitAt(18_000), 10_000)
    for (let second = 18; second < 24; second++) pace.throttled(second * 1000, second * 1000)
    assert.ok((pace.limitAt(24_000) ?? 0) < 1000)
  })

  it('spaces calls by their bytes', () => {
    const pace = new Pace(0, 5000)
    pace.succeeded(20_000, 500)
    pace.throttled(900, 1000)
    assert.equal(pace.limitAt(1000), 10_000)
    pace.begin(5000, 1000)
    assert.equal(pace.waitAt(1000), 500)
    assert.equal(pace.waitAt(1500), 0)
  })

  it('holds no call back for longer than it may, however little was sent before', () => {
    const pace = paceAfter(100)
    pace.throttled(10_000, 10_010)
    assert.equal(pace.limitAt(10_010), 50)
    pace.begin(5_000_000, 10_200)
    assert.equal(pace.waitAt(10_200), 5000)
  })

  it('rises to half of what is taken in a better second', () => {
    const pace = paceAfter(100)
    pace.throttled(10_000, 10_010)
    pace.succeeded(5_000_000, 10_900)
    pace.succeeded(100, 11_000)
    assert.equal(pace.limitAt(11_000), 2_500_000)
  })

  it('settles near what the place takes, with few calls refused', () => {
    const pace = new Pace(0, 5000)
    run(pace, 40, 0, 10)
    const { accepted, refused } = run(pace, 40, 10_000, 60)
    assert.ok(accepted > 60 * 40 * 0.6, `${accepted} accepted`)
    assert.ok(refused < accepted / 20, `${refused} refused of ${accepted + refused}`)
    const settled = pace.limitAt(70_000) ?? 0
    assert.ok(settled > 15_000 && settled < 60_000, `${settled} bytes a second`)
  })

  it('is forgotten when nothing is throttled any more, and when nothing is sent', () => {
    const pace = new Pace(0, 5000)
    run(pace, 40, 0, 10)
    assert.notEqual(pace.limitAt(10_000), undefined)
    run(pace, 1000, 10_000, 60)
    assert.equal(pace.limitAt(70_000), undefined)
    pace.throttled(70_000, 70_001)
    assert.notEqual(pace.limitAt(70_001), undefined)
    assert.equal(pace.limitAt(131_000), undefined)
  })
})
