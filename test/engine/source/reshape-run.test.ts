import { strict as assert } from 'node:assert'
import { LogGroupEncoder } from '../../../engine/client/codec/log-group-encoder'
import { compress } from '../../../engine/client/compression/compression'
import { runs } from '../../support/counts'
import { LocalService } from './local-service'

const logCount = runs(5000, 100_000)
const groupSize = 50
const keys = 16

/** Splits a random shard that takes writes, or merges it with its neighbour. */
async function reshape(service: LocalService, round: number): Promise<void> {
  const open = (await service.client.listShards('access'))
    .filter(({ status }) => status === 'readwrite')
    .sort((one, other) => (one.inclusiveBeginKey < other.inclusiveBeginKey ? -1 : 1))
  const place = Math.floor(Math.random() * open.length)
  if (round % 2 === 0 || open.length < 2) {
    service.emulator.splitShard('access', open[place]?.shardId ?? 0)
  } else {
    service.emulator.mergeShard('access', open[Math.min(place, open.length - 2)]?.shardId ?? 0)
  }
}

describe('splits and merges while a source reads', () => {
  for (const inOrder of [true, false]) {
    it(`lose nothing ${inOrder ? 'and keep each key in order' : 'without an order'}, five of each at random keys`, async () => {
      const service = await LocalService.start({ logstores: ['access:2'], memory: 2 ** 30 })
      const source = service.source({ inOrder, maxLogGroups: 7 })
      const seen = new Map<string, number>()
      const last = new Map<string, number>()
      let disorder = 0
      const reading = (async () => {
        for await (const batch of source) {
          for (const { contents } of batch.logs) {
            const [key = '', number = ''] = contents.map(([, value]) => value)
            seen.set(`${key}:${number}`, (seen.get(`${key}:${number}`) ?? 0) + 1)
            if (Number(number) <= (last.get(key) ?? -1)) disorder++
            last.set(key, Number(number))
          }
          batch.ack()
          if (seen.size === logCount) return
        }
      })()
      const groups = logCount / groupSize
      let round = 0
      for (let group = 0; group < groups; group++) {
        if (group >= ((round + 1) * groups) / 11 && round < 10) await reshape(service, round++)
        const key = (group % keys).toString(16)
        const encoder = new LogGroupEncoder({ topic: key, source: '' })
        for (let n = 0; n < groupSize; n++) {
          const contents = { key, number: String(group * groupSize + n) }
          encoder.append({ time: Math.floor(Date.now() / 1000), contents })
        }
        const raw = encoder.finish()
        await service.client.putLogs({
          logstore: 'access',
          body: await compress('lz4', raw),
          rawSize: raw.length,
          compression: 'lz4',
          hashKey: key.padEnd(32, '7')
        })
      }
      await reading
      const repeated = [...seen.values()].filter((times) => times > 1).length
      const shards = (await service.client.listShards('access')).length
      console.log(
        `      ${seen.size} logs of ${shards} shards, ${round} reshapes: 0 lost, ${repeated} repeated, ${disorder} out of order`
      )
      assert.equal(seen.size, logCount)
      assert.equal(repeated, 0)
      if (inOrder) assert.equal(disorder, 0)
      await service.close()
    }).timeout(300_000)
  }
})
