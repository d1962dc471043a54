import { strict as assert } from 'node:assert'
import { FetchPace } from '../../../engine/source/fetch-pace'

const full = { groups: 100, progress: true, endOfCursor: false }
const last = { groups: 3, progress: true, endOfCursor: true }
const empty = { groups: 0, progress: false, endOfCursor: true }

describe('the pace of fetches', () => {
  it('does not wait while there is more to read', () => {
    const pace = new FetchPace(100, () => 0)
    assert.equal(pace.after(full), 0)
    assert.equal(pace.after({ ...full, groups: 1 }), 0)
  })

  it('does not wait while a query lets nothing through', () => {
    assert.equal(new FetchPace(100, () => 0).after({ groups: 0, progress: true, endOfCursor: false }), 0)
  })

  it('waits its interval once it has caught up', () => {
    assert.equal(new FetchPace(100, () => 0).after(last), 100)
  })

  it('waits longer with each fetch that finds nothing, up to about a second', () => {
    const pace = new FetchPace(100, () => 0)
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6, 7].map(() => pace.after(empty)),
      [100, 200, 400, 800, 1000, 1000, 1000]
    )
    assert.equal(pace.after(last), 100)
    assert.equal(pace.after(empty), 100)
  })

  it('waits the longer the longer nothing comes, up to about three seconds', () => {
    const pace = new FetchPace(100, () => 0)
    let silence = 0
    let wait = 0
    const waitUntil = (time: number) => {
      for (; silence < time; silence += wait) wait = pace.after(empty)
    }
    waitUntil(10_000)
    assert.equal(wait, 1000)
    waitUntil(20_000)
    assert.ok(wait > 1500 && wait < 2000, `${wait}`)
    waitUntil(40_000)
    assert.equal(wait, 3000)
    waitUntil(3_600_000)
    assert.equal(wait, 3000)
    assert.equal(pace.after(last), 100)
    assert.deepEqual([pace.after(empty), pace.after(empty)], [100, 200])
  })

  it('waits longer the more shards there are to wait for', () => {
    let readers = 100
    const pace = new FetchPace(
      100,
      () => 0,
      () => readers
    )
    const waits = [1, 2, 3, 4, 5, 6, 7].map(() => pace.after(empty))
    assert.deepEqual(waits, [100, 200, 400, 800, 1600, 3200, 6000])
    readers = 20
    assert.equal(pace.after(empty), 1230)
    assert.equal(pace.after(full), 0)
  })

  it('does not come back at the same moment as all others', () => {
    const waits = [0, 0.5, 0.99].map((random) => new FetchPace(1000, () => random).after(empty))
    assert.equal(new Set(waits).size, 3)
    assert.ok(waits.every((wait) => wait >= 1000 && wait <= 1100))
  })

  it('keeps an interval that is longer than a second', () => {
    const pace = new FetchPace(5000, () => 0)
    assert.deepEqual([pace.after(empty), pace.after(empty), pace.after(full)], [5000, 5000, 0])
  })

  it('does not spin without an interval', () => {
    const pace = new FetchPace(0, () => 0)
    assert.equal(pace.after(last), 0)
    assert.ok(pace.after(empty) > 0)
  })

  it('slows down after an exceeded quota, more with each, and comes back to full speed', () => {
    const pace = new FetchPace(100, () => 0)
    pace.throttled()
    const first = pace.after(full)
    assert.ok(first >= 200)
    pace.throttled()
    pace.throttled()
    assert.ok(pace.after(full) > first)
    for (let count = 0; count < 50; count++) pace.throttled()
    assert.ok(pace.after(full) <= 5000)
    for (let count = 0; count < 60; count++) pace.after(full)
    assert.equal(pace.after(full), 0)
  })
})
