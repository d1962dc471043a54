import assert from 'node:assert/strict'
import { StatusTicker } from '../../nodes/status-ticker'

describe('The ticks of the status of all nodes', () => {
  it('come from one timer, as long as there is a node', () => {
    const timers = new Set<() => void>()
    const ticker = new StatusTicker((tick) => {
      timers.add(tick)
      return () => timers.delete(tick)
    })
    const tick = () => {
      for (const each of timers) each()
    }
    let shown = 0
    const show = () => shown++
    const removals = [ticker.add(show), ticker.add(show), ticker.add(show)]
    assert.equal(timers.size, 1)
    tick()
    assert.equal(shown, 3)
    removals[0]?.()
    removals[0]?.()
    tick()
    assert.equal(shown, 5)
    for (const remove of removals) remove()
    assert.equal(timers.size, 0)
    ticker.add(show)
    assert.equal(timers.size, 1)
    tick()
    assert.equal(shown, 6)
  })
})
