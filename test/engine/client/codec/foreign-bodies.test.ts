import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseLogGroup, parseLogGroupList } from '../../../../engine/client/codec/log-group-list'
import { SlsError } from '../../../../engine/client/errors'
import { runs } from '../../../support/counts'

function corruptAt(offset: number, field: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof SlsError)
    assert.equal(error.code, 'CorruptBody')
    assert.equal(error.field, field)
    assert.match(error.message, new RegExp(`byte ${offset}\\b`))
    return true
  }
}

describe('bodies of other writers', function () {
  this.timeout(runs(20_000, 600_000))

  describe('are accepted with', () => {
    const hex = (...parts: string[]): Buffer => Buffer.from(parts.join(''), 'hex')
    const content = '12060a016b120176'

    it('fields in any order', () => {
      const view = parseLogGroup(hex('1a0174', '0a0a', content, '0805'))
      assert.equal(view.topic, 't')
      assert.deepEqual(view.logs(), [{ time: 5, contents: [['k', 'v']] }])
      assert.deepEqual(view.records(), { records: [{ k: 'v' }], times: [5], timesNs: [undefined] })
    })

    it('the value before the key', () => {
      const view = parseLogGroup(hex('0a0a', '0805', '1206', '120176', '0a016b'))
      assert.deepEqual(view.records().records, [{ k: 'v' }])
    })

    it('nanoseconds before the contents', () => {
      const view = parseLogGroup(hex('0a0f', '0805', '2501000000', content))
      assert.deepEqual(view.records(), { records: [{ k: 'v' }], times: [5], timesNs: [1] })
    })

    it('unknown fields of every wire type, at every level', () => {
      const unknown = ['f80101', 'f9010102030405060708', 'fa0102aabb', 'fd0101020304', 'fb01f80101fc01']
      for (const field of unknown) {
        const pair = `0a016b120176${field}`
        const log = `0805${field}12${size(pair)}${pair}`
        const body = hex(field, '0a', size(log), log, field)
        assert.deepEqual(parseLogGroup(body).logs(), [{ time: 5, contents: [['k', 'v']] }])
        assert.deepEqual(parseLogGroup(body).records().records, [{ k: 'v' }])
        assert.deepEqual(parseLogGroupList(hex(field)), [])
      }
    })

    it('category and machine id, which it has no use for', () => {
      const view = parseLogGroup(hex('12026330', '1a0174', '2a026964'))
      assert.equal(view.topic, 't')
    })

    it('lengths and times in more bytes than they need', () => {
      const view = parseLogGroup(hex('0a8b00', '088500', content))
      assert.deepEqual(view.logs(), [{ time: 5, contents: [['k', 'v']] }])
      assert.deepEqual(view.records().records, [{ k: 'v' }])
    })

    it('bytes that are not UTF-8, as U+FFFD', () => {
      for (const bytes of [
        'ff',
        'c080',
        'eda080',
        'f09f98',
        'f4908080',
        'e4bd',
        '80',
        'e4bda0ff',
        'f8888080'
      ]) {
        const pair = `0a016b12${size(bytes)}${bytes}`
        const log = `080512${size(pair)}${pair}`
        const body = hex('0a', size(log), log)
        const expected = hex(bytes).toString('utf8')
        assert.deepEqual(parseLogGroup(body).logs()[0]?.contents, [['k', expected]])
        assert.deepEqual(parseLogGroup(body).records().records, [{ k: expected }])
      }
    })

    it('texts of any length that are not UTF-8, whatever stands behind them', () => {
      const valid = ['61', 'c3bc', 'e4bda0', 'f09f9880', 'ee8080', 'f48fbfbf', 'efbfbd']
      const invalid = [
        'ff',
        'c1bf',
        'e09fbf',
        'eda080',
        'f0808080',
        'f4908080',
        '80',
        'c3',
        'e4',
        'e4bd',
        'f1',
        'f19f'
      ]
      const piece = fc.oneof(
        { weight: 12, arbitrary: fc.constantFrom(...valid) },
        { weight: 1, arbitrary: fc.constantFrom(...invalid) }
      )
      const filler = fc.constantFrom(0, 1, 5, 2030, 2044, 2045, 2046, 2047, 2048)
      const texts = fc.array(
        fc
          .tuple(filler, fc.array(piece, { maxLength: 24 }))
          .map(([length, pieces]) => Buffer.from('61'.repeat(length) + pieces.join(''), 'hex')),
        { minLength: 1, maxLength: 4 }
      )
      // The first two are unknown fields that begin with bytes as the second and later ones of a character are.
      const behind = fc.constantFrom('8081800005', '9281800000', '1a0174', '')
      fc.assert(
        fc.property(fc.array(texts, { minLength: 1, maxLength: 3 }), behind, (logs, rest) => {
          const field = (tag: number, body: Buffer): Buffer => {
            const { length } = body
            const lengthBytes = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >>> 7]
            return Buffer.concat([Buffer.from([tag, ...lengthBytes]), body])
          }
          const content = (value: Buffer, index: number): Buffer =>
            field(0x12, Buffer.concat([Buffer.from([0x0a, 1, 0x61 + index]), field(0x12, value)]))
          const body = Buffer.concat([
            ...logs.map((values) => field(0x0a, Buffer.concat([hex('0805'), ...values.map(content)]))),
            hex(rest)
          ])
          const expected = logs.map((values) =>
            values.map((value, index) => [String.fromCharCode(0x61 + index), value.toString('utf8')])
          )
          assert.deepEqual(
            parseLogGroup(body)
              .records()
              .records.map((record) => Object.entries(record)),
            expected
          )
        }),
        {
          numRuns: runs(300, 20_000),
          examples: ['c3', 'e4bd', 'f1'].flatMap((cut) =>
            [3, 13, 2048].map((size): [Buffer[][], string] => {
              const before = '61'.repeat(size - cut.length / 2)
              return [[[hex(before, cut)]], '8081800005']
            })
          )
        }
      )
    })

    function size(part: string): string {
      return (part.length / 2).toString(16).padStart(2, '0')
    }
  })

  describe('are refused when damaged, naming byte and field:', () => {
    const damaged: [name: string, hex: string, offset: number, field: string][] = [
      ['a group that is cut off', '0a0508', 1, 'LogGroupList.logGroupList'],
      ['a length that is cut off', '0a80', 1, 'LogGroupList.logGroupList'],
      ['a length of more than 32 bits', '0affffffffff01', 1, 'LogGroupList.logGroupList'],
      ['a negative length', '0affffffffffffffffff01', 1, 'LogGroupList.logGroupList'],
      ['field number 0', '02', 0, 'field tag'],
      ['a group of the wrong type', '08', 0, 'LogGroupList.logGroupList'],
      ['wire type 6', '7e', 0, 'field 15'],
      ['the end of a group that never began', '7c', 0, 'field 15'],
      ['a group field that never ends', '7b', 0, 'field 15'],
      ['a group field that ends as another', '7b8401', 1, 'field 15'],
      ['an endless varint', '78ffffffffffffffffffffff', 1, 'field 15'],
      ['a topic past its group', '0a021a05', 3, 'LogGroup.Topic'],
      ['a log past its group', '0a020a05', 3, 'LogGroup.Logs'],
      ['a tag without a value', '0a0532030a016b', 4, 'LogGroup.LogTags.Value']
    ]
    for (const [name, hex, offset, field] of damaged) {
      it(name, () => {
        assert.throws(() => parseLogGroupList(Buffer.from(hex, 'hex')), corruptAt(offset, field))
      })
    }

    const damagedLogs: [name: string, hex: string, offset: number, field: string][] = [
      ['no time', '0a0812060a016b120176', 2, 'Log.Time'],
      ['a time of more than 32 bits', '0a0608ffffffff1f', 3, 'Log.Time'],
      ['a time of the wrong type', '0a020a00', 2, 'Log field 1'],
      ['contents past the log', '0a0408051209', 5, 'Log.Contents'],
      ['a key past its content', '0a06080512020a05', 7, 'Log.Contents.Key'],
      ['no key', '0a0708051203120176', 6, 'Log.Contents.Key'],
      ['no value', '0a07080512030a016b', 6, 'Log.Contents.Value'],
      ['nanoseconds that are cut off', '0a0408052501', 5, 'Log.Time_ns'],
      ['nanoseconds of the wrong type', '0a0408052001', 4, 'Log field 4']
    ]
    for (const [name, hex, offset, field] of damagedLogs) {
      it(`a log with ${name}`, () => {
        const view = parseLogGroup(Buffer.from(hex, 'hex'))
        assert.throws(() => view.logs(), corruptAt(offset, field))
        assert.throws(() => view.records(), corruptAt(offset, field))
      })
    }

    it('groups nested without end, without running out of stack', () => {
      assert.throws(() => parseLogGroupList(Buffer.alloc(1_000_000, 0x7b)), { code: 'CorruptBody' })
    })
  })
})
