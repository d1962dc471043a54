import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { LogGroupEncoder } from '../../../../engine/client/codec/log-group-encoder'
import {
  encodeLogGroupList,
  parseLogGroup,
  parseLogGroupList
} from '../../../../engine/client/codec/log-group-list'
import type { Content, Log, LogGroup } from '../../../../engine/client/model'
import { runs } from '../../../support/counts'
import { group, key, logs, text, wellFormedGroup } from '../../../support/log-arbitraries'
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
        const views = parseLogGroupList(body)
        const blocks = views.map((view) => view.records())
        for (const size of [1, 2, 1000]) {
          const cut = views.map((view) => [...view.recordBlocks(size)])
          assert.deepEqual(
            cut.map((parts) => parts.flatMap(({ records }) => records)),
            blocks.map(({ records }) => records)
          )
          assert.deepEqual(
            cut.map((parts) => parts.flatMap(({ times }) => times)),
            blocks.map(({ times }) => times)
          )
          assert.deepEqual(
            cut.map((parts) => parts.flatMap(({ timesNs }) => timesNs)),
            blocks.map(({ timesNs }) => timesNs)
          )
          assert.ok(cut.every((parts) => parts.every(({ records }) => records.length <= size)))
        }
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

  it('reads logs of one kind that come often, with values that come again, as each alone', () => {
    const often = fc.constantFrom(
      '',
      '0',
      '7',
      '42',
      '200',
      'GET',
      'ok',
      'é',
      '值',
      '信息',
      '🚀',
      '\u0000',
      'HTTP/1.1'
    )
    const value = fc.oneof({ weight: 3, arbitrary: often }, { weight: 1, arbitrary: text })
    const name = fc.oneof(key, fc.constantFrom('"', '\\', "'+x+'", '\u2028', '\n', ']:0}//'))
    const names = fc.uniqueArray(name, { minLength: 1, maxLength: 6 })
    const kinds = fc.array(names, { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(
        kinds,
        fc.array(fc.array(value, { minLength: 6, maxLength: 6 }), { minLength: 1 }),
        (keys, rows) => {
          const values: Log[] = Array.from({ length: 60 * keys.length }, (_, index) => ({
            time: index,
            contents: (keys[index % keys.length] ?? []).map((name, field): Content => {
              const row = rows[(index * 7 + field) % rows.length] ?? []
              return [name, row[(index + field) % 6] ?? '']
            })
          }))
          const expected = wellFormedGroup({ topic: '', source: '', tags: [], logs: values })
          const { records } = parseLogGroup(oracle.encodeGroup(expected)).records()
          assert.deepEqual(
            records.map((record) => new Map(Object.entries(record))),
            expected.logs.map(({ contents }) => new Map(recordOf(contents)))
          )
          assert.ok(records.every((record) => Object.getPrototypeOf(record) === Object.prototype))
        }
      ),
      { numRuns: runs(40, 3000) }
    )
  })

  it('reads records where the process forbids code made from text', () => {
    const module = require.resolve('../../../../engine/client/codec/log-group-list')
    const body = oracle.encodeGroup({
      topic: '',
      source: '',
      tags: [],
      logs: Array.from({ length: 200 }, (_, time): Log => ({ time, contents: [['number', `${time}`]] }))
    })
    const program = `const { parseLogGroup } = require(${JSON.stringify(module)})
      const { records } = parseLogGroup(Buffer.from('${body.toString('base64')}', 'base64')).records()
      console.log(JSON.stringify(records))`
    const flags = ['--disallow-code-generation-from-strings', '-e', program]
    const records: unknown = JSON.parse(execFileSync(process.execPath, flags, { encoding: 'utf8' }))
    assert.deepEqual(
      records,
      Array.from({ length: 200 }, (_, time) => ({ number: `${time}` }))
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
})
