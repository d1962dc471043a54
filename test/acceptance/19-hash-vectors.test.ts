import assert from 'node:assert/strict'
import { md5HashKey } from '../../engine/sink/hash-key'
import { sinkUnderTest } from '../engine/sink/support/sink-under-test'

/** First digits of the keys that the Java producer sends; all others are 0. */
const vectors: readonly [buckets: number, keys: Readonly<Record<string, string>>][] = [
  [1, { '127.0.0.1': '00', '192.168.0.2': '00', '': '00' }],
  [2, { '127.0.0.1': '80', '192.168.0.2': '00', '': '80' }],
  [4, { '127.0.0.1': 'c0', '192.168.0.2': '40', '': 'c0' }],
  [8, { '127.0.0.1': 'e0', '192.168.0.2': '60', '': 'c0' }],
  [16, { '127.0.0.1': 'f0', '192.168.0.2': '60', '': 'd0' }],
  [32, { '127.0.0.1': 'f0', '192.168.0.2': '68', '': 'd0' }],
  [64, { '127.0.0.1': 'f4', '192.168.0.2': '6c', '': 'd4' }],
  [128, { '127.0.0.1': 'f4', '192.168.0.2': '6e', '': 'd4' }],
  [256, { '127.0.0.1': 'f5', '192.168.0.2': '6f', '': 'd4' }],
  [512, { '127.0.0.1': 'f500', '192.168.0.2': '6f00', '': 'd400' }]
]

describe('Hash keys', () => {
  for (const [buckets, keys] of vectors) {
    it(`go out as those of the Java producer with ${buckets} buckets`, async () => {
      const { sink, service, clock } = sinkUnderTest({ buckets })
      for (const [text, digits] of Object.entries(keys)) {
        const write = sink.write({ hashKey: md5HashKey(text), logs: [{ time: 1, contents: { text } }] })
        await clock.advance(3000)
        await write
        assert.equal(service.accepted.at(-1)?.hashKey, digits.padEnd(32, '0'), JSON.stringify(text))
      }
      await sink.close()
    })
  }
})
