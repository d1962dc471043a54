import assert from 'node:assert/strict'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { SlsError } from '../../engine/client/errors'
import type { BufferText } from '../../nodes/field-value'
import { type FramedLogs, toLogs } from '../../nodes/message-to-log'
import { runs } from '../support/counts'

const now = { time: 1_700_000_000, timeNs: 42 }

function convert(value: unknown, bytes: BufferText = 'utf8'): FramedLogs[] {
  return toLogs(value, { field: 'msg.payload', bytes, time: () => now })
}

/** Fields of the one log that a value becomes, in order. */
function fields(value: unknown, bytes?: BufferText): (readonly [string, string])[] {
  const [frame, ...others] = convert(value, bytes)
  assert.deepEqual(others, [])
  const [log, ...more] = frame?.logs ?? []
  assert.deepEqual(more, [])
  assert.ok(log)
  return [...(Array.isArray(log.contents) ? log.contents : Object.entries(log.contents))]
}

/** An object so many levels deep. */
function nested(levels: number): unknown {
  let deep: unknown = 'end'
  for (let level = 0; level < levels; level++) deep = { deep }
  return deep
}

function refusal(value: unknown): string {
  try {
    convert(value)
  } catch (error) {
    assert.ok(error instanceof SlsError && error.code === 'InvalidLog')
    return error.message
  }
  return assert.fail('it was accepted')
}

describe('A value becomes logs', () => {
  it('an object: a field a key, nested values as JSON', () => {
    const value = {
      text: 'x',
      empty: '',
      number: 1.5,
      flag: false,
      nothing: null,
      left: undefined,
      nested: { a: [1, { b: null }] },
      call: () => 1
    }
    assert.deepEqual(fields(value), [
      ['text', 'x'],
      ['empty', ''],
      ['number', '1.5'],
      ['flag', 'false'],
      ['nothing', 'null'],
      ['nested', '{"a":[1,{"b":null}]}']
    ])
  })

  it('an object of texts: as it is, without a copy', () => {
    const ofAnotherRealm: unknown = runInNewContext("({ a: '1', b: '2' })")
    for (const value of [{ a: '1', b: '2' }, ofAnotherRealm]) {
      assert.equal(convert(value)[0]?.logs[0]?.contents, value)
    }
  })

  it('an object that inherits a field, in any realm: its own fields', () => {
    const code = "Object.prototype.inherited = 'no'; ({ a: '1' })"
    const polluted: unknown = runInNewContext(code)
    for (const value of [Object.assign(Object.create({ inherited: 'no' }), { a: '1' }), polluted]) {
      assert.deepEqual(fields(value), [['a', '1']])
    }
  })

  it('a text, number, truth value or bigint: the field message', () => {
    assert.deepEqual(fields('hello'), [['message', 'hello']])
    assert.deepEqual(fields(''), [['message', '']])
    assert.deepEqual(fields(0), [['message', '0']])
    assert.deepEqual(fields(true), [['message', 'true']])
    assert.deepEqual(fields(2n ** 70n), [['message', '1180591620717411303424']])
    assert.deepEqual(fields(new Date(0)), [['message', '1970-01-01T00:00:00.000Z']])
  })

  it('a Buffer: its text, or base64 where so set, at any depth', () => {
    const bytes = Buffer.from('größe')
    assert.deepEqual(fields(bytes), [['message', 'größe']])
    assert.deepEqual(fields(bytes, 'base64'), [['message', 'Z3LDtsOfZQ==']])
    assert.deepEqual(fields({ a: bytes, b: [bytes] }, 'base64'), [
      ['a', 'Z3LDtsOfZQ=='],
      ['b', '["Z3LDtsOfZQ=="]']
    ])
    assert.deepEqual(fields(new Uint8Array(bytes).buffer), [['message', 'größe']])
  })

  it('an array: a log an element, all with the time of their place', () => {
    const [frame] = toLogs(['a', { b: 'c' }], {
      field: 'msg.payload',
      bytes: 'utf8',
      time: (index) => ({ time: index })
    })
    assert.deepEqual(frame?.logs, [
      { time: 0, timeNs: undefined, contents: [['message', 'a']] },
      { time: 1, timeNs: undefined, contents: { b: 'c' } }
    ])
    assert.deepEqual(convert([]), [])
  })

  it('dates, bigints, sets, maps, errors and objects with toJSON inside of an object', () => {
    const failed = new TypeError('bad')
    const value = {
      date: new Date(0),
      dates: [new Date(0)],
      big: { n: 1n },
      set: new Set([1, 'a']),
      map: new Map([['k', 1]]),
      error: failed,
      own: { toJSON: () => ({ shown: true }) },
      url: new URL('http://example.com/')
    }
    assert.deepEqual(fields(value), [
      ['date', '1970-01-01T00:00:00.000Z'],
      ['dates', '["1970-01-01T00:00:00.000Z"]'],
      ['big', '{"n":"1"}'],
      ['set', '[1,"a"]'],
      ['map', '{"k":1}'],
      ['error', failed.stack ?? ''],
      ['own', '{"shown":true}'],
      ['url', 'http://example.com/']
    ])
  })

  it('an instance of a class that says how it is written: that', () => {
    class Money {
      readonly cents = 5
      toJSON() {
        return '0.05 EUR'
      }
    }
    class Document {
      readonly isNew = true
      toJSON() {
        return { a: 1, paid: new Money() }
      }
    }
    class Itself {
      readonly a = 'x'
      toJSON() {
        return this
      }
    }
    assert.deepEqual(fields(new Money()), [['message', '0.05 EUR']])
    assert.deepEqual(fields(new Document()), [
      ['a', '1'],
      ['paid', '"0.05 EUR"']
    ])
    assert.deepEqual(fields(new Itself()), [['a', 'x']])
  })

  it('whatever a Function node makes in its own realm: as what is made here', () => {
    const made = (code: string): unknown => runInNewContext(code)
    assert.deepEqual(fields(made('({ a: "x", b: 1 })')), [
      ['a', 'x'],
      ['b', '1']
    ])
    assert.match(fields(made('new RangeError("boom")'))[0]?.[1] ?? '', /^RangeError: boom/)
    assert.match(fields(made('({ error: new Error("boom") })'))[0]?.[1] ?? '', /^Error: boom/)
    assert.deepEqual(
      fields(made('({ at: new Date(0), has: new Set([1]), is: new Map([["k", 2]]), re: /x/g })')),
      [
        ['at', '1970-01-01T00:00:00.000Z'],
        ['has', '[1]'],
        ['is', '{"k":2}'],
        ['re', '/x/g']
      ]
    )
    assert.deepEqual(fields(made('new Map([["k", "v"]])')), [['k', 'v']])
    assert.deepEqual(fields(made('new Set(["v"])')), [['message', '["v"]']])
    assert.deepEqual(fields(made('new Uint8Array([97, 98])')), [['message', 'ab']])
    assert.match(refusal(made('({})')), /no fields/)
  })

  it('boxed values, search parameters, shared memory and keys that read alike: nothing of them is lost', () => {
    assert.deepEqual(fields(Object('text')), [['message', 'text']])
    assert.deepEqual(fields({ n: Object(5), flag: Object(false) }), [
      ['n', '5'],
      ['flag', 'false']
    ])
    assert.deepEqual(fields(new URLSearchParams('a=1&b=2')), [['message', 'a=1&b=2']])
    assert.deepEqual(fields(new DataView(new Uint8Array([97]).buffer)), [['message', 'a']])
    assert.deepEqual(
      fields(
        new Map<unknown, string>([
          [1, 'number'],
          ['1', 'text']
        ])
      ),
      [
        ['1', 'number'],
        ['1', 'text']
      ]
    )
  })

  it('an own field named __proto__ is a field like any other', () => {
    assert.deepEqual(fields(JSON.parse('{"__proto__":"x","a":{"__proto__":1}}')), [
      ['__proto__', 'x'],
      ['a', '{"__proto__":1}']
    ])
  })

  it('fields that SLS gives a meaning to are fields like any other, in the order they have', () => {
    const value = {
      zz: '1',
      __time__: 5,
      __topic__: 't',
      __source__: 's',
      '__tag__:host': 'a',
      __time_ns_part__: 1,
      __receive_time__: '7',
      __partition_time__: null,
      __extract_others__: { a: 1 },
      aa: '2'
    }
    assert.deepEqual(fields(value), [
      ['zz', '1'],
      ['__time__', '5'],
      ['__topic__', 't'],
      ['__source__', 's'],
      ['__tag__:host', 'a'],
      ['__time_ns_part__', '1'],
      ['__receive_time__', '7'],
      ['__partition_time__', 'null'],
      ['__extract_others__', '{"a":1}'],
      ['aa', '2']
    ])
  })

  it('numbers as JavaScript writes them; what JSON has no number for is null inside of JSON', () => {
    const value = {
      nan: Number.NaN,
      infinite: Number.NEGATIVE_INFINITY,
      zero: -0,
      large: 1e21,
      small: 1e-7,
      inside: [Number.NaN, Number.POSITIVE_INFINITY]
    }
    assert.deepEqual(fields(value), [
      ['nan', 'NaN'],
      ['infinite', '-Infinity'],
      ['zero', '0'],
      ['large', '1e+21'],
      ['small', '1e-7'],
      ['inside', '[null,null]']
    ])
  })

  it('symbols, functions and undefined: left out of objects, null in arrays', () => {
    const value = { [Symbol('key')]: 1, a: 'x', b: Symbol('value'), c: [undefined, () => 1, Symbol('s')] }
    assert.deepEqual(fields(value), [
      ['a', 'x'],
      ['c', '[null,null,null]']
    ])
  })

  it('bytes that are no UTF-8: U+FFFD for each that is wrong; a Buffer that went through JSON: its fields', () => {
    assert.deepEqual(fields({ a: Buffer.from([0x61, 0xff, 0x62]) }), [['a', 'a\ufffdb']])
    assert.deepEqual(fields(JSON.parse(JSON.stringify(Buffer.from('ab')))), [
      ['type', 'Buffer'],
      ['data', '[97,98]']
    ])
  })

  it('dates that are none: Invalid Date; deep nesting: JSON', () => {
    assert.deepEqual(fields({ date: new Date(Number.NaN) }), [['date', 'Invalid Date']])
    const text = fields({ deep: nested(200) })[0]?.[1]
    assert.equal(text?.length, 200 * '{"deep":}'.length + '"end"'.length)
  })

  it('one object twice is no circle', () => {
    const shared = { a: 1 }
    assert.deepEqual(fields({ one: shared, two: [shared, shared] }), [
      ['one', '{"a":1}'],
      ['two', '[{"a":1},{"a":1}]']
    ])
  })
})

describe('The raw forms keep what they name', () => {
  it('a log: time, nanoseconds, order of contents, repeated keys', () => {
    const contents = [
      ['b', '1'],
      ['a', '2'],
      ['b', '3']
    ] as const
    assert.deepEqual(convert({ time: 5, timeNs: 6, contents }), [
      { logs: [{ time: 5, timeNs: 6, contents }] }
    ])
    assert.deepEqual(convert({ contents: [{ key: 'a', value: 1 }] }), [
      { logs: [{ ...now, contents: [['a', '1']] }] }
    ])
    assert.deepEqual(convert({ time: '2023-11-14T22:13:20.5Z', contents: { a: 'b' } }), [
      { logs: [{ time: 1_700_000_000, timeNs: 500_000_000, contents: [['a', 'b']] }] }
    ])
  })

  it('a log group: topic, source and tags, and groups beside other logs', () => {
    const group = { topic: 't', source: 's', tags: [['k', 'v']], logs: [{ time: 1, contents: [['a', 'b']] }] }
    assert.deepEqual(convert([group, 'x', 'y', group]), [
      {
        topic: 't',
        source: 's',
        tags: [['k', 'v']],
        logs: [{ time: 1, timeNs: undefined, contents: [['a', 'b']] }]
      },
      {
        logs: [
          { ...now, contents: [['message', 'x']] },
          { ...now, contents: [['message', 'y']] }
        ]
      },
      {
        topic: 't',
        source: 's',
        tags: [['k', 'v']],
        logs: [{ time: 1, timeNs: undefined, contents: [['a', 'b']] }]
      }
    ])
  })

  it('a record that merely has such fields stays a record', () => {
    for (const value of [
      { time: 1, contents: 'a text' },
      { time: 1, contents: [['a', 'b']], more: 1 },
      { contents: { a: 1 } },
      { contents: [1, 2] },
      { logs: ['a'] },
      { topic: 'x', logs: [{ time: 1, contents: [['a', 'b']], more: true }] }
    ]) {
      assert.deepEqual(
        fields(value).map(([key]) => key),
        Object.keys(value)
      )
    }
  })
})

describe('A value that cannot become a log is refused by the name of the field', () => {
  it('nothing, functions, empty objects and nameless fields', () => {
    assert.match(refusal(undefined), /^msg\.payload is undefined/)
    assert.match(refusal(null), /^msg\.payload is null/)
    assert.match(
      refusal(() => 1),
      /^msg\.payload is a function/
    )
    assert.match(refusal({}), /^msg\.payload has no fields/)
    assert.match(refusal({ a: undefined }), /^msg\.payload has no fields/)
    assert.match(refusal({ time: 1, contents: [] }), /^msg\.payload\.contents has no fields/)
    assert.match(refusal({ '': 1 }), /^msg\.payload holds a field without a name/)
    assert.match(refusal(['a', null]), /^msg\.payload\[1\] is null/)
  })

  it('what holds nothing that could be written', () => {
    for (const value of [Promise.resolve(1), new WeakMap(), (function* () {})(), new (class Empty {})()])
      assert.match(refusal(value), /msg\.payload has no fields/)
  })

  it('circles', () => {
    const circle: Record<string, unknown> = {}
    circle['a'] = { b: [circle] }
    assert.match(refusal(circle), /^msg\.payload\.a\.b\[0\]\.a holds a circular reference/)
  })

  it('nesting that is too deep to be written', () => {
    assert.match(refusal({ field: nested(20_000) }), /^msg\.payload\.field cannot be written as JSON/)
  })

  it('getters and toJSON that throw', () => {
    const value = {
      field: {
        get broken(): string {
          throw new Error('no')
        }
      }
    }
    assert.match(refusal(value), /^msg\.payload\.field cannot be written as JSON/)
    assert.match(refusal(value.field), /^msg\.payload\.broken cannot be read: no/)
  })

  it('times that are none', () => {
    assert.match(refusal({ time: 'soon', contents: [['a', 'b']] }), /^msg\.payload\.time is not a time/)
    assert.match(refusal([{ time: 1, timeNs: 1e9, contents: [['a', 'b']] }]), /^msg\.payload\[0\]\.timeNs/)
    assert.match(refusal({ logs: [{ time: -1, contents: [] }] }), /^msg\.payload\.logs\[0\]\.time/)
  })

  it('frames that are none', () => {
    const logs = [{ time: 1, contents: [['a', 'b']] }]
    assert.match(refusal({ topic: {}, logs }), /^msg\.payload\.topic is not a text/)
    assert.match(refusal({ tags: 'x', logs }), /^msg\.payload\.tags is not an object/)
    assert.match(refusal({ tags: [1], logs }), /^msg\.payload\.tags is not a list/)
  })
})

describe('Any value', () => {
  it('becomes logs of texts, or is refused by name; nothing else happens', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: true,
      withObjectString: true
    })
    fc.assert(
      fc.property(anything, (value) => {
        let frames: FramedLogs[]
        try {
          frames = convert(value)
        } catch (error) {
          assert.ok(
            error instanceof SlsError && error.code === 'InvalidLog' && error.field?.startsWith('msg.payload')
          )
          return
        }
        for (const { logs } of frames) {
          for (const { time, contents } of logs) {
            assert.ok(Number.isInteger(time))
            for (const [key, text] of Array.isArray(contents) ? contents : Object.entries(contents)) {
              assert.equal(typeof key, 'string')
              assert.equal(typeof text, 'string')
            }
          }
        }
      }),
      { numRuns: runs(2000, 50_000) }
    )
  })

  it('of JSON is in a field what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = fields({ field: value })[0]?.[1]
        assert.equal(text, typeof value === 'string' ? value : JSON.stringify(value))
      }),
      { numRuns: runs(500, 20_000) }
    )
  })
})
