import assert from 'node:assert/strict'
import { runInNewContext } from 'node:vm'
import { SlsError } from '../../engine/client/errors'
import { mapMessage } from '../../nodes/message-mapping'
import type { NodeMessage } from '../../nodes/node-red'
import type { Mapping } from '../../nodes/sink-settings'
import { untouchedMapping } from './untouched-mapping'

const second = 1_700_000_000

/** Each property of the message where the node looks for it. */
function mapping(differences: Partial<Mapping> = {}): Mapping {
  return {
    ...untouchedMapping,
    logstore: 'access',
    fromMessage: true,
    isPlain: Object.keys(differences).length === 0,
    ...differences
  }
}

async function mapped(message: object, differences?: Partial<Mapping>) {
  return await mapMessage(mapping(differences), message as NodeMessage, () => second * 1000)
}

async function refusal(message: object, differences?: Partial<Mapping>): Promise<SlsError> {
  try {
    await mapped(message, differences)
  } catch (error) {
    assert.ok(error instanceof SlsError, String(error))
    return error
  }
  return assert.fail('it was accepted')
}

function revoked(target: object = {}): object {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

/** Throws from the trap of this name. */
function trapped(trap: keyof ProxyHandler<object>, target: object = { text: 'x', level: 1 }): object {
  const handler = { [trap]: () => throwing() }
  return new Proxy(target, handler)
}

function throwing(): never {
  throw new Error('the trap is shut')
}

function withGetter(name: string, rest: object = {}): object {
  return Object.defineProperty({ ...rest }, name, { enumerable: true, get: throwing })
}

const traps = ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor'] as const
const chosen = {
  time: { time: (message: NodeMessage) => message['chosen'] },
  topic: { topic: (message: NodeMessage) => message['chosen'] },
  source: { source: (message: NodeMessage) => message['chosen'] },
  tags: { tags: (message: NodeMessage) => message['chosen'] },
  hashKey: { hashKey: { kind: 'md5', value: (message: NodeMessage) => message['chosen'] } }
} satisfies Record<string, Partial<Mapping>>

describe('A message becomes writes', () => {
  it('once a promise is kept, whichever realm it is from', async () => {
    const ofAnotherRealm = runInNewContext("Promise.resolve({ level: 'info' })") as object
    for (const payload of [Promise.resolve({ level: 'info' }), ofAnotherRealm]) {
      const [write, ...others] = await mapped({ payload })
      assert.deepEqual(others, [])
      assert.deepEqual({ ...write?.logs[0]?.contents }, { level: 'info' })
    }
  })

  it('with a topic that is promised in another realm', async () => {
    const topic = runInNewContext("Promise.resolve('pump')") as object
    const [write] = await mapped({ payload: 'x', chosen: topic }, chosen.topic)
    assert.equal(write?.topic, 'pump')
  })

  it('with the second it was received with, where its nanoseconds are more than a second', async () => {
    const sls = { id: 'p/l/0/c/0', cursor: 'c', time: second - 60, timeNs: 1_000_000_005 }
    for (const received of [sls, { ...sls, times: [second - 60], timesNs: [1_000_000_005] }]) {
      const [write] = await mapped({ payload: { a: 'x' }, sls: received })
      assert.equal(write?.logs[0]?.time, second - 60)
      assert.equal(write?.logs[0]?.timeNs, undefined)
    }
  })
})

describe('A message that cannot be read is refused by the name of the field', () => {
  const expected = /expected an object, an array, a text or a number/

  it('a payload that is a revoked proxy, alone, in an array and in a field', async () => {
    const places: [unknown, string][] = [
      [revoked(), 'msg.payload'],
      [revoked([]), 'msg.payload'],
      [[{ text: 'x' }, revoked()], 'msg.payload[1]'],
      [{ text: 'x', level: revoked() }, 'msg.payload.level'],
      [{ deep: { er: revoked() } }, 'msg.payload.deep'],
      [[{ time: second, contents: revoked() }], 'msg.payload[0].contents'],
      [{ logs: [{ time: second, contents: { a: 'x' } }, revoked()] }, 'msg.payload.logs[1]'],
      [
        { logs: [{ contents: [['a', 'x']] }, { time: second, contents: revoked() }] },
        'msg.payload.logs[1].contents'
      ],
      [{ topic: 'x', logs: revoked([]) }, 'msg.payload.logs']
    ]
    for (const [payload, field] of places) {
      const error = await refusal({ payload })
      assert.deepEqual([error.code, error.field], ['InvalidLog', field])
      assert.ok(error.message.startsWith(`${field} cannot be `), error.message)
      assert.match(error.message, /revoked/)
    }
    assert.match((await refusal({ payload: revoked() })).message, expected)
  })

  it('a payload whose proxy throws from any trap', async () => {
    for (const trap of traps) {
      const error = await refusal({ payload: trapped(trap) })
      assert.equal(error.code, 'InvalidLog')
      assert.match(error.field ?? '', /^msg\.payload(?:\.text)?$/, trap)
      assert.match(error.message, /the trap is shut/)
      assert.match(error.message, expected)
    }
    const list = await refusal({ payload: trapped('get', [{ text: 'x' }]) })
    assert.equal(list.field, 'msg.payload')
  })

  it('a getter that throws, of the message and of what is in it', async () => {
    assert.equal((await refusal(withGetter('payload'))).field, 'msg.payload')
    assert.equal((await refusal({ payload: [{ a: '1' }, withGetter('b')] })).field, 'msg.payload[1].b')
    const logs = [{ time: second, contents: withGetter('level', { a: 'x' }) }]
    assert.equal((await refusal({ payload: { logs } })).field, 'msg.payload.logs[0].contents.level')
    assert.equal((await refusal(withGetter('logstore', { payload: 'x' }))).field, 'msg.logstore')
    assert.equal((await refusal(withGetter('sls', { payload: 'x' }))).field, 'msg.sls')
  })

  it('what is thrown there although it has no text', async () => {
    for (const thrown of [Object.create(null), revoked(), undefined, Symbol('x')]) {
      const payload = {
        get level() {
          throw thrown
        }
      }
      assert.equal((await refusal({ payload })).field, 'msg.payload.level')
    }
  })

  for (const [field, differences] of Object.entries(chosen)) {
    it(`a ${field} that is a revoked proxy or comes from a getter that throws`, async () => {
      for (const message of [
        { payload: { a: 'x' }, chosen: revoked() },
        { payload: { a: 'x' }, chosen: revoked(() => undefined) },
        { payload: { a: 'x' }, chosen: trapped('getOwnPropertyDescriptor') },
        withGetter('chosen', { payload: { a: 'x' } })
      ]) {
        const error = await refusal(message, differences)
        assert.equal(error.code, 'InvalidLog')
        assert.match(error.field ?? '', new RegExp(`^${field}(?:\\.text)?$`))
      }
    })
  }

  it('a msg.sls that cannot be read, or only a part of it', async () => {
    const sls = { id: 'p/l/0/c/0', cursor: 'c', time: second }
    assert.equal((await refusal({ payload: { a: 'x' }, sls: revoked() })).field, 'msg.sls')
    assert.equal(
      (await refusal({ payload: { a: 'x' }, sls: { ...sls, tags: revoked() } })).field,
      'msg.sls.tags'
    )
    assert.equal(
      (await refusal({ payload: { a: 'x' }, sls: withGetter('times', sls) })).field,
      'msg.sls.times'
    )
    assert.equal((await refusal({ payload: ['x'], sls: withGetter('groups', sls) })).field, 'msg.sls.groups')
  })

  it('a value whose promise is broken', async () => {
    const broken = Promise.reject(new Error('no such function'))
    const payload = await refusal({ payload: broken })
    assert.deepEqual([payload.code, payload.field], ['InvalidLog', 'msg.payload'])
    assert.match(payload.message, /no such function/)
    const topic = await refusal({ payload: 'x', chosen: broken }, chosen.topic)
    assert.equal(topic.field, 'topic')
  })
})
