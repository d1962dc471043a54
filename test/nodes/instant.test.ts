import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Instant, readInstant, readMoment } from '../../nodes/instant'
import { runs } from '../support/counts'

describe('A time is read', () => {
  const second = 1_700_000_000

  const cases: [string, unknown, Instant | undefined][] = [
    ['Unix seconds', second, { time: second }],
    ['Unix seconds with a fraction', second + 0.25, { time: second, timeNs: 250_000_000 }],
    ['milliseconds', second * 1000 + 7, { time: second, timeNs: 7_000_000 }],
    ['microseconds', second * 1e6 + 7, { time: second, timeNs: 7000 }],
    ['nanoseconds as bigint', BigInt(second) * 1_000_000_000n + 7n, { time: second, timeNs: 7 }],
    ['text of seconds', '1700000000', { time: second }],
    ['text of seconds with nanoseconds', ' 1700000000.000000007 ', { time: second, timeNs: 7 }],
    ['text of milliseconds', '1700000000007', { time: second, timeNs: 7_000_000 }],
    ['text of nanoseconds', '1700000000000000007', { time: second, timeNs: 7 }],
    ['a Date', new Date(second * 1000 + 5), { time: second, timeNs: 5_000_000 }],
    ['ISO in UTC', '2023-11-14T22:13:20Z', { time: second }],
    [
      'ISO with an offset and nanoseconds',
      '2023-11-15T06:13:20.123456789+08:00',
      { time: second, timeNs: 123_456_789 }
    ],
    [
      'ISO with a short offset and a comma',
      '2023-11-15 06:13:20,5 +08',
      { time: second, timeNs: 500_000_000 }
    ],
    ['a date alone, as midnight UTC', '2023-11-14', { time: 1_699_920_000 }],
    ['msg.sls', { time: second, timeNs: 7, id: 'x' }, { time: second, timeNs: 7 }],
    ['the epoch', 0, { time: 0 }],
    ['the last second', 0xffff_ffff, { time: 0xffff_ffff }],
    ['nothing', undefined, undefined],
    ['an empty text', '', undefined],
    ['a word', 'soon', undefined],
    ['a date that there is not', '2023-02-31T00:00:00Z', undefined],
    ['a negative number', -1, undefined],
    ['after 2106', 0x1_0000_0000, undefined],
    ['an invalid Date', new Date(Number.NaN), undefined],
    ['NaN', Number.NaN, undefined],
    ['nanoseconds out of range', { time: second, timeNs: 1_000_000_000 }, undefined],
    ['an object without a time', {}, undefined],
    ['a list', [second], undefined]
  ]
  for (const [name, value, expected] of cases) {
    it(`from ${name}`, () => assert.deepEqual(readInstant(value), expected))
  }

  it('from local time where the text names no zone', () => {
    const date = new Date(2023, 10, 14, 22, 13, 20)
    assert.deepEqual(readInstant('2023-11-14T22:13:20'), { time: date.getTime() / 1000 })
  })

  it('exactly, in every form that can hold it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1e9, max: 0xffff_ffff }),
        fc.integer({ min: 0, max: 999_999_999 }),
        (time, timeNs) => {
          const expected = { time, timeNs }
          const fraction = String(timeNs).padStart(9, '0')
          assert.deepEqual(readInstant(`${time}.${fraction}`), expected)
          assert.deepEqual(readInstant(`${time}${fraction}`), expected)
          assert.deepEqual(readInstant(BigInt(`${time}${fraction}`)), expected)
          const iso = new Date(time * 1000).toISOString().replace('.000Z', `.${fraction}Z`)
          assert.deepEqual(readInstant(iso), expected)
          const milliseconds = Math.floor(timeNs / 1e6)
          assert.deepEqual(readInstant(time * 1000 + milliseconds), { time, timeNs: milliseconds * 1e6 })
        }
      ),
      { numRuns: runs(1000, 50_000) }
    )
  })
})

describe('A moment by its distance from now', () => {
  const now = Date.parse('2024-05-01T12:00:00Z')

  for (const [text, seconds] of [
    ['now', 0],
    ['2 h ago', 7200],
    ['2 hours ago', 7200],
    ['90s ago', 90],
    ['1.5 days ago', 129_600],
    ['-15min', 900],
    ['- 3 weeks', 1_814_400],
    ['-PT1H30M', 5400],
    ['-P1DT1S', 86_401]
  ] as const) {
    it(`is read from ${text}`, () => {
      assert.equal(readMoment(text, now)?.time, now / 1000 - seconds)
    })
  }

  it('is none where the unit is unknown, the sign is missing or nothing is said', () => {
    for (const text of ['2 fortnights ago', '2 h', 'PT1H', '-P', '-PT', 'ago', '2 mo ago']) {
      assert.equal(readMoment(text, now), undefined, text)
    }
  })

  it('may be given as a time as well', () => {
    assert.equal(readMoment('2024-05-01T08:00:00Z', now)?.time, now / 1000 - 14_400)
    assert.equal(readMoment(1_714_521_600, now)?.time, 1_714_521_600)
  })
})
