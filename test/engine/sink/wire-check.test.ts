import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Content, Log } from '../../../engine/client/model'
import { runs } from '../../support/counts'
import { key, log, text, wellFormed } from '../../support/log-arbitraries'
import { oracle } from '../../support/protobuf-oracle'
import { Emulated } from './support/emulated'

/** Values of a megabyte, plain, wide and with surrogates that stand alone. */
const megabyte = fc
  .constantFrom('a', '中', '🚀', 'ü\ud800', '\udc00x')
  .map((unit) => unit.repeat(Math.ceil(1_048_576 / Buffer.byteLength(unit))))

const field = fc.tuple(
  fc.oneof(key, fc.constantFrom('__time__', '__topic__', '__source__', '__tag__:host', 'zz', 'aa')),
  fc.oneof({ weight: 400, arbitrary: text }, { weight: 1, arbitrary: megabyte })
)

const fields: fc.Arbitrary<Content[]> = fc
  .array(field, { minLength: 1, maxLength: 10 })
  .map((pairs) => pairs.map(([name, value]): Content => [name === '' ? 'empty' : name, value]))

const anyLog: fc.Arbitrary<Log> = fc.tuple(log, fields).map(([one, contents]) => ({ ...one, contents }))

describe('What the sink puts on the wire', () => {
  it('reads equal with an independent decoder, whatever the logs hold', async function () {
    this.timeout(runs(20_000, 600_000))
    const count = runs(300, 10_000)
    const seed = Math.floor(Math.random() * 2 ** 31)
    const logs = fc.sample(anyLog, { numRuns: count - 1, seed })
    const largest = fc.sample(megabyte, { numRuns: 1, seed })[0] ?? ''
    logs.push({ time: 1, contents: [['large', largest]] })
    const emulated = await Emulated.start({ checkLogTime: false, logstores: ['access:1'] })
    const sink = emulated.sink({ maxLines: 500 })
    const tags: Content[] = [
      ['z', '\ud800'],
      ['a', ''],
      ['z', '2']
    ]
    const receipt = await sink.write({ topic: '主\udc00题', source: '', tags, logs })
    assert.equal(receipt.logs, count)
    const arrived: Log[] = []
    for (let cursor = await emulated.client.getCursor('access', 0, 'begin'); ; ) {
      const pulled = await emulated.client.pullLogs({ logstore: 'access', shard: 0, cursor, count: 10 })
      for (const group of oracle.decodeList(pulled.body)) {
        assert.deepEqual([group.topic, group.source], ['主\ufffd题', ''])
        assert.deepEqual(group.tags, [
          ['z', '\ufffd'],
          ['a', ''],
          ['z', '2']
        ])
        arrived.push(...group.logs)
      }
      if (pulled.nextCursor === cursor) break
      cursor = pulled.nextCursor
    }
    assert.equal(arrived.length, count)
    const expected = new Map<string, number>()
    const textOf = ({ time, timeNs, contents }: Log) =>
      JSON.stringify([time, timeNs, contents.map(([name, value]) => [wellFormed(name), wellFormed(value)])])
    for (const one of logs) expected.set(textOf(one), (expected.get(textOf(one)) ?? 0) + 1)
    for (const one of arrived) {
      const left = expected.get(textOf(one)) ?? 0
      assert.ok(left > 0, `seed ${seed}: ${textOf(one).slice(0, 300)} was not written, or not so often`)
      expected.set(textOf(one), left - 1)
    }
    await emulated.close()
  })
})
