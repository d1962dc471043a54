import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type LogGroupView, parseLogGroupList } from '../../../../engine/client/codec/log-group-list'
import { SlsError } from '../../../../engine/client/errors'
import type { LogGroup } from '../../../../engine/client/model'
import { runs } from '../../../support/counts'
import { group, wellFormedGroup } from '../../../support/log-arbitraries'
import { oracle } from '../../../support/protobuf-oracle'

type Damage = (body: Buffer, at: number, byte: number) => Buffer

const damages: Damage[] = [
  (body, at, byte) => {
    const copy = Buffer.from(body)
    copy[at] = byte
    return copy
  },
  (body, at) => body.subarray(0, at),
  (body, at) => body.subarray(at),
  (body, at, byte) => Buffer.concat([body.subarray(0, at), Buffer.from([byte]), body.subarray(at)]),
  (body, at) => Buffer.concat([body.subarray(0, at), body.subarray(at + 1)]),
  (body, at, byte) =>
    Buffer.concat([body.subarray(0, at), body.subarray(at, at + (byte & 15)), body.subarray(at)])
]

const damage = fc.tuple(fc.constantFrom(...damages), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255))

function isDamaged(view: LogGroupView): boolean {
  try {
    view.records()
    return false
  } catch {
    return true
  }
}

function readOrRefuse(body: Buffer): LogGroup[] | undefined {
  try {
    return parseLogGroupList(body).map((view) => {
      if (isDamaged(view)) assert.throws(() => view.recordBlocks(2), { code: 'CorruptBody' })
      const logs = view.logs()
      const { records, times, timesNs } = view.records()
      assert.deepEqual(
        [...view.recordBlocks(2)].flatMap((block) => block.records),
        records
      )
      assert.equal(records.length, logs.length)
      assert.deepEqual(
        times,
        logs.map(({ time }) => time)
      )
      assert.deepEqual(
        timesNs,
        logs.map(({ timeNs }) => timeNs)
      )
      logs.forEach(({ contents }, index) => {
        const record = records[index] ?? {}
        assert.equal(Object.keys(record).length, contents.length)
        for (const [name, value] of new Map([...contents].reverse())) assert.equal(record[name], value)
      })
      return { topic: view.topic, source: view.source, tags: view.tags, logs }
    })
  } catch (error) {
    if (!(error instanceof SlsError)) throw error
    assert.equal(error.code, 'CorruptBody')
    return undefined
  }
}

describe('damaged bodies', function () {
  this.timeout(runs(20_000, 600_000))

  it('are refused, or read as protobufjs reads them', () => {
    let read = 0
    fc.assert(
      fc.property(
        fc.array(group, { minLength: 1, maxLength: 2 }),
        fc.array(damage, { minLength: 1, maxLength: 3 }),
        (groups, steps) => {
          let body = oracle.encodeList(groups.map(wellFormedGroup))
          for (const [change, place, byte] of steps)
            body = change(body, Math.floor(place * body.length), byte)
          const result = readOrRefuse(body)
          if (result === undefined) return
          read++
          assert.deepEqual(result, oracle.decodeList(body))
        }
      ),
      { numRuns: runs(500, 30_000) }
    )
    assert.ok(read > 0)
  })

  it('are refused or read when every byte is random', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        readOrRefuse(Buffer.from(bytes))
      }),
      { numRuns: runs(500, 30_000) }
    )
  })

  it('are refused wherever they are cut inside a log', () => {
    const body = oracle.encodeList([
      {
        topic: '',
        source: '',
        tags: [],
        logs: [
          {
            time: 1_700_000_000,
            timeNs: 5,
            contents: [
              ['key', '值'],
              ['k', '']
            ]
          }
        ]
      }
    ])
    for (let size = 1; size < body.length; size++) {
      assert.equal(readOrRefuse(body.subarray(0, size)), undefined, `cut at ${size}`)
    }
  })
})
