import assert from 'node:assert/strict'
import { ValueQueue } from '../../nodes/value-queue'

describe('Messages that wait for their values', () => {
  const queueWith = () => {
    const clock = { now: 0 }
    const told: string[] = []
    const queue = new ValueQueue(() => clock.now)
    const add = (name: string, values: () => string | Promise<string>): Promise<void> =>
      queue.add(
        values,
        (result) => told.push(`${name} ${result}`),
        (error) => told.push(`${name} failed: ${String(error)}`)
      )
    return { clock, told, queue, add }
  }
  const never = () => new Promise<string>(() => undefined)

  it('are dealt with in their order, whichever values come first', async () => {
    const { told, queue, add } = queueWith()
    let come: (value: string) => void = () => undefined
    void add('one', () => new Promise((resolve) => (come = resolve)))
    const two = add('two', () => 'there')
    void add('three', () => Promise.reject(new Error('no')))
    await Promise.resolve()
    assert.equal(queue.isEmpty, false)
    come('late')
    await two
    assert.deepEqual(told, ['one late', 'two there'])
    await queue.settled()
    assert.deepEqual(told.slice(2), ['three failed: Error: no'])
    assert.equal(queue.isEmpty, true)
  })

  it('are given up where the values never come, and those behind them go on in their order', async () => {
    const { clock, told, queue, add } = queueWith()
    void add('one', never)
    clock.now = 10
    void add('two', () => 'there')
    clock.now = 20
    queue.giveUp(15, 'late')
    assert.deepEqual(told, ['one failed: late'])
    await add('three', () => 'there')
    assert.deepEqual(told.slice(1), ['two there', 'three there'])
    assert.equal(queue.isEmpty, true)
  })

  it('are not dealt with once they were given up, even if the values come', async () => {
    const { told, queue, add } = queueWith()
    let come: (value: string) => void = () => undefined
    const one = add('one', () => new Promise((resolve) => (come = resolve)))
    await Promise.resolve()
    queue.giveUp(0, 'closed')
    come('late')
    await one
    assert.deepEqual(told, ['one failed: closed'])
  })
})
