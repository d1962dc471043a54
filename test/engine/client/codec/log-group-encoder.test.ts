import assert from 'node:assert/strict'
import fc from 'fast-check'
import { LogGroupEncoder, type LogInput, measureLog } from '../../../../engine/client/codec/log-group-encoder'
import { SlsError } from '../../../../engine/client/errors'
import type { Content, Log, LogGroup } from '../../../../engine/client/model'
import { runs } from '../../../support/counts'
import { group, key, logs, text, wellFormed, wellFormedGroup } from '../../../support/log-arbitraries'
import { oracle } from '../../../support/protobuf-oracle'
import { vectorCases } from '../../../support/vectors'

interface LogGroupVector {
  id: string
  input: {
    topic: string | null
    source: string | null
    category: string | null
    tags: Content[]
    logs: { time: number; timeNs: number | null; contents: Content[] }[]
  }
  expected: { protobufHex: string; protobufLength: number }
}

function encode(value: LogGroup, initialCapacity?: number): Buffer {
  const encoder = new LogGroupEncoder(value, initialCapacity)
  for (const log of value.logs) encoder.append(log)
  return encoder.finish()
}

function invalidLog(field: string): (error: unknown) => boolean {
  return (error) => error instanceof SlsError && error.code === 'InvalidLog' && error.field === field
}

describe('log group encoder', function () {
  this.timeout(runs(20_000, 600_000))

  describe('writes the bytes that the SDKs write', () => {
    const writable = vectorCases<LogGroupVector>('loggroup').filter(
      ({ id, input }) => input.topic !== '' && input.category === null && id !== 'time-bounds'
    )
    for (const { id, input, expected } of writable) {
      it(id, () => {
        const body = encode({
          topic: input.topic ?? '',
          source: input.source ?? '',
          tags: input.tags,
          logs: input.logs.map(({ time, timeNs, contents }) =>
            timeNs === null ? { time, contents } : { time, timeNs, contents }
          )
        })
        assert.equal(body.toString('hex'), expected.protobufHex)
      })
    }
    it('covers most of them', () => assert.ok(writable.length >= 12))
  })

  it('writes what protobufjs reads back equal, whatever the texts', () => {
    fc.assert(
      fc.property(group, fc.integer({ min: 0, max: 300 }), (value, capacity) => {
        assert.deepEqual(oracle.decodeGroup(encode(value, capacity)), wellFormedGroup(value))
      }),
      { numRuns: runs(120, 20_000) }
    )
  })

  it('writes byte for byte what protobufjs writes', () => {
    fc.assert(
      fc.property(group, (value) => {
        assert.ok(encode(value).equals(oracle.encodeGroup(wellFormedGroup(value))))
      }),
      { numRuns: runs(80, 10_000) }
    )
  })

  it('writes a record as its fields in order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(key, text, { maxKeys: 8, noNullPrototype: false }), { maxLength: 6 }),
        (records) => {
          const encoder = new LogGroupEncoder({})
          for (const contents of records) encoder.append({ time: 1, contents })
          const asPairs = records.map((record): Log => ({ time: 1, contents: Object.entries(record) }))
          assert.ok(encoder.finish().equals(encode({ topic: '', source: '', tags: [], logs: asPairs })))
        }
      ),
      { numRuns: runs(80, 5000) }
    )
  })

  it('leaves inherited fields of a record out', () => {
    const contents = Object.assign(Object.create({ inherited: 'no' }) as Record<string, string>, {
      own: 'yes'
    })
    const encoder = new LogGroupEncoder({})
    encoder.append({ time: 1, contents })
    assert.deepEqual(oracle.decodeGroup(encoder.finish()).logs[0]?.contents, [['own', 'yes']])
  })

  it('leaves inherited fields out that are no text, whatever comes before them', () => {
    const prototype = { inherited: () => 'no', shadowed: 1 }
    const contents = Object.assign(Object.create(prototype) as Record<string, string>, {
      own: 'yes',
      shadowed: 'yes'
    })
    const encoder = new LogGroupEncoder({})
    encoder.append({ time: 1, contents })
    assert.deepEqual(oracle.decodeGroup(encoder.finish()).logs[0]?.contents, [
      ['own', 'yes'],
      ['shadowed', 'yes']
    ])
    const nothing = Object.create(prototype) as Record<string, string>
    const empty = new LogGroupEncoder({})
    empty.append({ time: 1, contents: nothing })
    assert.deepEqual(oracle.decodeGroup(empty.finish()).logs[0]?.contents, [])
    const wrong = Object.assign(Object.create(prototype) as object, { own: 1 })
    assert.throws(
      () => new LogGroupEncoder({}).append({ time: 1, contents: wrong as never }),
      invalidLog('own')
    )
  })

  it('leaves fields out that someone added to every object', () => {
    const prototype = Object.prototype as { polluted?: string }
    prototype.polluted = 'yes'
    try {
      const encoder = new LogGroupEncoder({})
      encoder.append({ time: 1, contents: { own: 'yes' } })
      assert.deepEqual(oracle.decodeGroup(encoder.finish()).logs[0]?.contents, [['own', 'yes']])
    } finally {
      delete prototype.polluted
    }
  })

  it('tells the exact size of the group at any time, and of each log before it is added', () => {
    fc.assert(
      fc.property(group, (value) => {
        const encoder = new LogGroupEncoder(value, 0)
        let size = encoder.byteLength
        for (const log of value.logs) {
          const added = encoder.append(log)
          assert.equal(added, measureLog(log))
          size += added
          assert.equal(encoder.byteLength, size)
        }
        assert.equal(encoder.logCount, value.logs.length)
        assert.equal(encoder.finish().length, size)
      }),
      { numRuns: runs(80, 10_000) }
    )
  })

  it('takes a log exactly where the group stays within the limit, else leaves the group as it was', () => {
    fc.assert(
      fc.property(logs, fc.integer({ min: 0, max: 3000 }), (values, limit) => {
        const encoder = new LogGroupEncoder({ topic: 'topic', source: 'source' })
        const taken: Log[] = []
        for (const log of values) {
          const before = encoder.byteLength
          const fits = before + measureLog(log) <= limit
          assert.equal(encoder.append(log, limit), fits ? measureLog(log) : 0)
          assert.equal(encoder.byteLength, fits ? before + measureLog(log) : before)
          if (fits) taken.push(log)
        }
        assert.equal(encoder.logCount, taken.length)
        const body = encode({ topic: 'topic', source: 'source', tags: [], logs: taken })
        assert.ok(encoder.finish().equals(body))
      }),
      { numRuns: runs(80, 5000) }
    )
  })

  describe('refuses, naming the field, and leaves the group as it was', () => {
    const good: LogInput = { time: 1, contents: { a: 'b' } }
    const refused: [name: string, log: unknown, field: string][] = [
      ['a number in a record', { time: 1, contents: { first: 'ok', count: 1 } }, 'count'],
      ['null in a record', { time: 1, contents: { nothing: null } }, 'nothing'],
      ['undefined in a record', { time: 1, contents: { missing: undefined } }, 'missing'],
      [
        'a number in a pair',
        {
          time: 1,
          contents: [
            ['a', 'b'],
            ['count', 1]
          ]
        },
        'count'
      ],
      ['a key that is no text', { time: 1, contents: [[1, 'b']] }, 'contents[0]'],
      [
        'a pair of three',
        {
          time: 1,
          contents: [
            ['a', 'b'],
            ['a', 'b', 'c']
          ]
        },
        'contents[1]'
      ],
      ['a pair that is text', { time: 1, contents: ['ab'] }, 'contents[0]'],
      ['contents that are text', { time: 1, contents: 'a' }, 'contents'],
      ['contents that are null', { time: 1, contents: null }, 'contents'],
      ['a negative time', { time: -1, contents: {} }, 'time'],
      ['a time in fractions', { time: 1.5, contents: {} }, 'time'],
      ['a time in milliseconds', { time: 1_700_000_000_000, contents: {} }, 'time'],
      ['a time that is text', { time: '1', contents: {} }, 'time'],
      ['no time', { contents: {} }, 'time'],
      ['a second of nanoseconds', { time: 1, timeNs: 1_000_000_000, contents: {} }, 'timeNs'],
      ['negative nanoseconds', { time: 1, timeNs: -1, contents: {} }, 'timeNs'],
      ['nanoseconds that are null', { time: 1, timeNs: null, contents: {} }, 'timeNs']
    ]
    for (const [name, log, field] of refused) {
      it(name, () => {
        const encoder = new LogGroupEncoder({ topic: 't' })
        encoder.append(good)
        const before = encoder.byteLength
        assert.throws(() => encoder.append(log as LogInput), invalidLog(field))
        assert.throws(() => measureLog(log as LogInput), invalidLog(field))
        assert.equal(encoder.byteLength, before)
        assert.equal(encoder.logCount, 1)
        encoder.append(good)
        assert.deepEqual(oracle.decodeGroup(encoder.finish()).logs.length, 2)
      })
    }

    it('a topic, source or tag that is no text', () => {
      assert.throws(() => new LogGroupEncoder({ topic: 1 as unknown as string }), invalidLog('topic'))
      assert.throws(() => new LogGroupEncoder({ source: null as unknown as string }), invalidLog('source'))
      assert.throws(
        () => new LogGroupEncoder({ tags: [['k', 1 as unknown as string]] }),
        invalidLog('tags[0]')
      )
    })
  })

  it('takes nothing once it is finished', () => {
    const encoder = new LogGroupEncoder({})
    encoder.finish()
    const closed = (error: unknown): boolean => error instanceof SlsError && error.code === 'Closed'
    assert.throws(() => encoder.append({ time: 1, contents: {} }), closed)
    assert.throws(() => encoder.finish(), closed)
  })

  it('never writes into a group that is finished, and reuses memory only after release', () => {
    const first = new LogGroupEncoder({}, 64)
    first.append({ time: 1, contents: { a: 'x'.repeat(100_000) } })
    const body = first.finish()
    const copy = Buffer.from(body)
    const second = new LogGroupEncoder({}, 100_000)
    second.append({ time: 2, contents: { b: 'y'.repeat(100_000) } })
    assert.ok(body.equals(copy))
    first.release()
    first.release()
    const third = new LogGroupEncoder({}, 100_000)
    const fourth = new LogGroupEncoder({}, 100_000)
    third.append({ time: 3, contents: { c: 'z'.repeat(100_000) } })
    fourth.append({ time: 4, contents: { d: 'w'.repeat(100_000) } })
    assert.equal(oracle.decodeGroup(second.finish()).logs[0]?.contents[0]?.[1], 'y'.repeat(100_000))
    assert.equal(oracle.decodeGroup(third.finish()).logs[0]?.contents[0]?.[1], 'z'.repeat(100_000))
    assert.equal(oracle.decodeGroup(fourth.finish()).logs[0]?.contents[0]?.[1], 'w'.repeat(100_000))
  })

  it('writes values of all sizes near those where a length takes one byte more, after values of another script', () => {
    const units = ['a', 'é', '中', '🚀', 'a中', '\ud800']
    const sizes = [0, 1, 2, 3, 25, 39, 40, 41, 42, 63, 64, 65, 110, 120, 127, 128, 5400, 5461, 8192, 16_384]
    const values = sizes.flatMap((size) =>
      units.flatMap((unit) => [size - 8, size - 2, size].map((length) => unit.repeat(Math.max(length, 0))))
    )
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...values), { minLength: 2, maxLength: 12 }),
        key,
        (texts, name) => {
          const logs = texts.map((value): Log => ({ time: 1, contents: [[name, value]] }))
          const value = { topic: '', source: '', tags: [], logs }
          assert.ok(encode(value).equals(oracle.encodeGroup(wellFormedGroup(value))))
        }
      ),
      { numRuns: runs(150, 10_000) }
    )
  })

  it('writes keys of all sizes, with characters of any size at any place', () => {
    const characters = ['k', '\0', '\x7f', 'ÿ', '中', '\u{10ffff}']
    for (let before = 0; before < 24; before++) {
      const keys = characters.flatMap((character) =>
        characters.map((other) => `${'x'.repeat(before)}${other}${character}`)
      )
      keys.push('x'.repeat(before + 118), 'x'.repeat(before + 240))
      const contents = keys.map((name): Content => [name, 'v'])
      const value = { topic: '', source: '', tags: [], logs: [{ time: 1, contents }] }
      assert.ok(encode(value).equals(oracle.encodeGroup(value)), `${before}`)
    }
  })

  it('uses the memory of a group again that is as large as the service takes', () => {
    const contents = { message: 'm'.repeat(100_000) }
    const memoryOf = (): ArrayBufferLike => {
      const encoder = new LogGroupEncoder({})
      while (encoder.append({ time: 1, contents }, 10 * 1024 * 1024) > 0);
      const { buffer } = encoder.finish()
      encoder.release()
      return buffer
    }
    const first = memoryOf()
    assert.ok(memoryOf() === first)
  })

  it('stays right with more keys and fields than it remembers', () => {
    const many = runs(3000, 200_000)
    const encoder = new LogGroupEncoder({})
    const wide: Content[] = Array.from({ length: 600 }, (_, index) => [`field ${index}`, `${index}`])
    for (let index = 0; index < many; index++)
      encoder.append({ time: 1, contents: { [`key ${index}`]: 'v' } })
    encoder.append({ time: 1, contents: wide })
    encoder.append({ time: 1, contents: wide.map(([name], index) => [name, `${-index}`]) })
    const decoded = oracle.decodeGroup(encoder.finish()).logs
    assert.deepEqual(decoded[many - 1]?.contents, [[`key ${many - 1}`, 'v']])
    assert.deepEqual(decoded[many]?.contents, wide)
    assert.deepEqual(decoded[many + 1]?.contents[599], ['field 599', '-599'])
  })

  it('writes lone surrogates as Buffer.from does', () => {
    for (const value of [
      '\ud800',
      '\udc00',
      'a\ud83dz',
      '\ud83d\ud83d\ude80',
      '\ude80\ud83d',
      `${'中'.repeat(50)}\ud800`
    ]) {
      const body = encode({ topic: '', source: '', tags: [], logs: [{ time: 1, contents: [['k', value]] }] })
      assert.equal(oracle.decodeGroup(body).logs[0]?.contents[0]?.[1], wellFormed(value))
    }
  })
})
