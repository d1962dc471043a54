import assert from 'node:assert/strict'
import fc from 'fast-check'
import { LogGroupEncoder } from '../../../../engine/client/codec/log-group-encoder'
import {
  encodeLogGroupList,
  parseLogGroup,
  parseLogGroupList
} from '../../../../engine/client/codec/log-group-list'
import { SlsError } from '../../../../engine/client/errors'
import type { Content, Log, LogGroup } from '../../../../engine/client/model'
import { runs } from '../../../support/counts'
import { group, logs, wellFormedGroup } from '../../../support/log-arbitraries'
import { oracle } from '../../../support/protobuf-oracle'
import { vectorCases } from '../../../support/vectors'

interface PullVector {
  id: string
  expected: {
    rawHex: string
    groups: {
      topic: string | null
      source: string | null
      tags: Content[]
      logs: { time: number; timeNs: number | null; contents: Content[] }[]
    }[]
  }
}

function groupWith(contents: readonly Content[]): Buffer {
  return oracle.encodeGroup({ topic: '', source: '', tags: [], logs: [{ time: 1, contents }] })
}

function recordWith(contents: readonly Content[]): Record<string, string> | undefined {
  return parseLogGroup(groupWith(contents)).records().records[0]
}

function read(body: Buffer): LogGroup[] {
  return parseLogGroupList(body).map((view) => ({
    topic: view.topic,
    source: view.source,
    tags: view.tags,
    logs: view.logs()
  }))
}

/** The rule for repeated keys, told a second time and without regard to speed. */
function recordOf(contents: readonly Content[]): [string, string][] {
  const taken = new Set(contents.map(([name]) => name))
  const seen = new Set<string>()
  return contents.map(([name, value]) => {
    if (!seen.has(name)) {
      seen.add(name)
      return [name, value]
    }
    let count = 2
    while (taken.has(`${name} (${count})`)) count++
    taken.add(`${name} (${count})`)
    return [`${name} (${count})`, value]
  })
}

function corruptAt(offset: number, field: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof SlsError)
    assert.equal(error.code, 'CorruptBody')
    assert.equal(error.field, field)
    assert.match(error.message, new RegExp(`byte ${offset}\\b`))
    return true
  }
}

describe('log group list', function () {
  this.timeout(runs(20_000, 600_000))

  describe('reads the bodies of pulls', () => {
    for (const { id, expected } of vectorCases<PullVector>('pull-responses')) {
      it(id, () => {
        const groups = expected.groups.map((value) => ({
          topic: value.topic ?? '',
          source: value.source ?? '',
          tags: value.tags,
          logs: value.logs.map(({ time, timeNs, contents }) =>
            timeNs === null ? { time, contents } : { time, timeNs, contents }
          )
        }))
        assert.deepEqual(read(Buffer.from(expected.rawHex, 'hex')), groups)
      })
    }
  })

  it('reads groups that Python and @alicloud/log wrote', () => {
    for (const { input, expected } of vectorCases<{
      input: { topic: string | null; logs: { time: number; timeNs: number | null; contents: Content[] }[] }
      expected: { protobufHex: string }
    }>('loggroup')) {
      const view = parseLogGroup(Buffer.from(expected.protobufHex, 'hex'))
      assert.equal(view.topic, input.topic ?? '')
      assert.deepEqual(
        view.logs().map(({ time, timeNs, contents }) => ({ time, timeNs: timeNs ?? null, contents })),
        input.logs
      )
      const { records, times, timesNs } = view.records()
      assert.deepEqual(
        records.map((record) => Object.entries(record)),
        input.logs.map(({ contents }) => recordOf(contents))
      )
      assert.deepEqual(
        times,
        input.logs.map(({ time }) => time)
      )
      assert.deepEqual(
        timesNs,
        input.logs.map(({ timeNs }) => timeNs ?? undefined)
      )
    }
  })

  it('reads what protobufjs writes, as logs and as records', () => {
    fc.assert(
      fc.property(fc.array(group, { maxLength: 3 }), (groups) => {
        const expected = groups.map(wellFormedGroup)
        const body = oracle.encodeList(expected)
        assert.deepEqual(read(body), expected)
        const blocks = parseLogGroupList(body).map((view) => view.records())
        assert.deepEqual(
          blocks.map(({ records }) => records.map((record) => new Map(Object.entries(record)))),
          expected.map((value) => value.logs.map(({ contents }) => new Map(recordOf(contents))))
        )
        assert.deepEqual(
          blocks.map(({ times }) => times),
          expected.map((value) => value.logs.map(({ time }) => time))
        )
        assert.deepEqual(
          blocks.map(({ timesNs }) => timesNs),
          expected.map((value) => value.logs.map(({ timeNs }) => timeNs))
        )
      }),
      { numRuns: runs(120, 20_000) }
    )
  })

  it('reads what the encoder writes', () => {
    fc.assert(
      fc.property(logs, (values) => {
        const encoder = new LogGroupEncoder({})
        for (const log of values) encoder.append(log)
        const body = encoder.finish()
        assert.deepEqual(
          parseLogGroup(body).logs(),
          wellFormedGroup({ topic: '', source: '', tags: [], logs: values }).logs
        )
      }),
      { numRuns: runs(80, 5000) }
    )
  })

  it('puts encoded groups into a list that protobufjs reads', () => {
    fc.assert(
      fc.property(fc.array(group, { maxLength: 4 }), (groups) => {
        const expected = groups.map(wellFormedGroup)
        const body = encodeLogGroupList(expected.map(oracle.encodeGroup))
        assert.ok(body.equals(oracle.encodeList(expected)))
      }),
      { numRuns: runs(100, 2000) }
    )
  })

  it('tells count and size of a group without reading its logs', () => {
    const values: Log[] = [
      { time: 1, contents: [['a', 'b']] },
      { time: 2, contents: [] }
    ]
    const body = oracle.encodeGroup({ topic: 't', source: 's', tags: [['k', 'v']], logs: values })
    const view = parseLogGroup(body)
    assert.equal(view.logCount, 2)
    assert.equal(view.byteLength, body.length)
  })

  describe('a record', () => {
    it('has the fields in the order of the log', () => {
      assert.deepEqual(
        Object.keys(
          recordWith([
            ['b', '1'],
            ['a', '2'],
            ['c', '3']
          ]) ?? {}
        ),
        ['b', 'a', 'c']
      )
    })

    it('keeps every occurrence of a repeated key under a name of its own', () => {
      assert.deepEqual(
        recordWith([
          ['a', '1'],
          ['b', '2'],
          ['a', '3'],
          ['a', '4']
        ]),
        {
          a: '1',
          b: '2',
          'a (2)': '3',
          'a (3)': '4'
        }
      )
    })

    it('counts past a name that is taken', () => {
      assert.deepEqual(
        recordWith([
          ['a', '1'],
          ['a', '2'],
          ['a (2)', '3'],
          ['a', '4']
        ]),
        {
          a: '1',
          'a (3)': '2',
          'a (2)': '3',
          'a (4)': '4'
        }
      )
    })

    it('has __proto__ and constructor as fields of its own', () => {
      for (const contents of [
        [
          ['__proto__', 'p'],
          ['constructor', 'c']
        ],
        [
          ['__proto__', 'p'],
          ['constructor', 'c'],
          ['long', 'x'.repeat(20_000)]
        ]
      ] as Content[][]) {
        const record = recordWith(contents) ?? {}
        assert.equal(Object.getPrototypeOf(record), Object.prototype)
        assert.deepEqual(Object.entries(record), contents)
      }
      assert.equal(({} as Record<string, unknown>)['p'], undefined)
    })

    it('is not shared with another log', () => {
      const body = oracle.encodeGroup({
        topic: '',
        source: '',
        tags: [],
        logs: [
          { time: 1, contents: [['a', '1']] },
          { time: 1, contents: [['a', '1']] }
        ]
      })
      const view = parseLogGroup(body)
      const [first, second] = view.records().records
      assert.ok(first !== undefined && second !== undefined)
      first['a'] = 'changed'
      assert.equal(second['a'], '1')
      assert.equal(view.records().records[0]?.['a'], '1')
    })

    it('is right for logs that are large, wide or of ever new keys', () => {
      const cases: Content[][] = [
        Array.from({ length: 400 }, (_, index) => [`key ${index}`, `value ${index}`]),
        [
          ['message', 'x'.repeat(100_000)],
          ['level', 'info']
        ],
        [
          ['消息', '错误'.repeat(9000)],
          ['level', 'info']
        ],
        [['k'.repeat(500), 'v']],
        [['键'.repeat(100), '值']]
      ]
      for (const contents of cases) assert.deepEqual(recordWith(contents), Object.fromEntries(contents))
      for (let index = 0; index < runs(6000, 100_000); index++) {
        assert.deepEqual(
          recordWith([
            [`new ${index}`, 'a'],
            ['b', '你']
          ]),
          { [`new ${index}`]: 'a', b: '你' }
        )
      }
    })
  })

  describe('accepts what other writers may send', () => {
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

    function size(part: string): string {
      return (part.length / 2).toString(16).padStart(2, '0')
    }
  })

  describe('refuses damaged bodies, naming byte and field', () => {
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
