import assert from 'node:assert/strict'
import type { Node, NodeMessage, NodeRed } from '../../nodes/node-red'
import { typedValue } from '../../nodes/typed-value'

const RED = {
  util: (require('node-red') as { util: NodeRed['util'] }).util
} as NodeRed

/** Contexts of which one answers later, as those on disk do. */
const store: Record<string, unknown> = { count: 3 }
const node = {
  context: () => ({
    flow: {
      get: (key: string, _store: unknown, callback: (error: unknown, value: unknown) => void) =>
        setImmediate(callback, null, store[key])
    },
    global: {
      get: (_key: string, _store: unknown, callback: (error: unknown) => void) =>
        callback(new Error('no such store'))
    }
  })
} as unknown as Node

function evaluate(value: string, type: string, message: NodeMessage = {}): unknown {
  return typedValue(RED, node, value, type)(message)
}

describe('A typed input', () => {
  it('gives constants', () => {
    assert.equal(evaluate('text', 'str'), 'text')
    assert.equal(evaluate('1.5', 'num'), 1.5)
    assert.equal(evaluate('true', 'bool'), true)
    assert.deepEqual(evaluate('{"a":1}', 'json'), { a: 1 })
  })

  it('gives each message a JSON value of its own', () => {
    const value = typedValue(RED, node, '{"a":1}', 'json')
    assert.notEqual(value({}), value({}))
  })

  it('gives properties of the message at once', () => {
    const message = { payload: { list: [{ a: 'x' }] }, topic: 't' }
    assert.equal(evaluate('topic', 'msg', message), 't')
    assert.equal(evaluate('payload.list[0].a', 'msg', message), 'x')
    assert.equal(evaluate('', 'msg', message), message)
    assert.equal(evaluate('missing', 'msg', message), undefined)
    assert.equal(evaluate('missing.deeper', 'msg', message), undefined)
  })

  it('gives JSONata, contexts and their errors as promises', async () => {
    assert.equal(await evaluate('payload + 1', 'jsonata', { payload: 1 }), 2)
    assert.equal(await evaluate('count', 'flow'), 3)
    await assert.rejects(evaluate('count', 'global') as Promise<unknown>, /no such store/)
    await assert.rejects(evaluate('$error("bad")', 'jsonata') as Promise<unknown>, /bad/)
  })

  it('that is malformed is refused when it is made', () => {
    for (const [value, type] of [
      ['{', 'json'],
      ['x', 'num'],
      ['', 'num'],
      ['a..b', 'msg'],
      ['$$(', 'jsonata'],
      ['x', 'sorcery']
    ] as const) {
      assert.throws(() => typedValue(RED, node, value, type), Error, `${type} ${value}`)
    }
  })
})
