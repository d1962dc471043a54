import assert from 'node:assert/strict'
import { duration, grouped } from '../../nodes/figures'
import type { NodeStatus } from '../../nodes/node-red'
import { StatusLine } from '../../nodes/status-line'

describe('The status line of a node', () => {
  let now: number
  let shown: NodeStatus[]
  let timers: { at: number; action: () => void }[]
  let line: StatusLine

  function pass(milliseconds: number): void {
    now += milliseconds
    const due = timers.filter(({ at }) => at <= now)
    timers = timers.filter(({ at }) => at > now)
    for (const { action } of due) action()
  }

  beforeEach(() => {
    now = 0
    shown = []
    timers = []
    const node = { status: (status: NodeStatus) => void shown.push(status) }
    line = new StatusLine(node, 1000, {
      now: () => now,
      after: (wait, action) => {
        const timer = { at: now + wait, action }
        timers.push(timer)
        return () => {
          timers = timers.filter((other) => other !== timer)
        }
      }
    })
  })

  it('shows the first status at once and then at most one a second, the newest', () => {
    for (const text of ['a', 'b', 'c']) line.show({ text })
    assert.deepEqual(shown, [{ text: 'a' }])
    pass(999)
    assert.equal(shown.length, 1)
    pass(1)
    assert.deepEqual(shown[1], { text: 'c' })
  })

  it('shows nothing where nothing visible changed', () => {
    line.show({ text: 'a', sls: 1 })
    pass(5000)
    line.show({ text: 'a', sls: 2 })
    pass(5000)
    assert.equal(shown.length, 1)
  })

  it('forgets a change that was taken back in time', () => {
    line.show({ text: 'a' })
    line.show({ text: 'b' })
    line.show({ text: 'a' })
    pass(5000)
    assert.deepEqual(shown, [{ text: 'a' }])
  })

  it('is silent once the node is closed', () => {
    line.show({ text: 'a' })
    line.show({ text: 'b' })
    line.close()
    pass(5000)
    line.show({ text: 'c' })
    assert.deepEqual(shown, [{ text: 'a' }])
    assert.deepEqual(timers, [])
  })
})

describe('Figures in a status', () => {
  it('are short', () => {
    assert.deepEqual([0, 0.25, 9.96, 12.3, 1240].map(grouped), ['0', '0.3', '10', '12', '1,240'])
    assert.deepEqual([0, 119, 120, 7200, 200_000].map(duration), ['0 s', '119 s', '2 min', '2 h', '2 d'])
  })
})
