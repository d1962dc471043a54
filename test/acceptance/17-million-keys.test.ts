import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { SlsError } from '../../engine/client/errors'
import { md5HashKey } from '../../engine/sink/hash-key'
import type { PutClient } from '../../engine/sink/options'
import { SlsSink } from '../../engine/sink/sink'
import { runs } from '../support/counts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes in use when everything is collected that can be. */
function heapInUse(): number {
  collect()
  return process.memoryUsage().heapUsed
}

/** Takes everything, but now and then for the shard's quota only at the second call. */
class Service implements PutClient {
  calls = 0
  #refused: string | undefined

  putLogs({ hashKey }: { hashKey?: string | undefined }): Promise<{ requestId: string }> {
    this.calls++
    if (this.calls % 97 !== 0 || this.#refused === hashKey) return Promise.resolve({ requestId: 'r' })
    this.#refused = hashKey
    const details = { status: 403, retryability: 'transient' } as const
    return Promise.reject(new SlsError('ShardWriteQuotaExceed', 'quota', details))
  }
}

describe('A sink that is written to by 1,000,000 device keys in turn', () => {
  for (const ordered of [false, true]) {
    it(`keeps nothing of those that are idle${ordered ? ', in ordered mode' : ''}`, async function () {
      this.timeout(runs(20_000, 900_000))
      const service = new Service()
      const keys = runs(8000, 1_000_000)
      const sink = new SlsSink({
        client: service,
        logstore: 'access',
        compression: 'none',
        adjustShardHash: false,
        ordered,
        concurrency: 16,
        flushInterval: 20,
        maxOpenBatches: 500,
        totalBytes: 2_000_000,
        retry: { baseRetryBackoff: 1, maxRetryBackoff: 1, maxRetriesRetryable: -1 }
      })
      let early = 0
      let mostOpen = 0
      let accepted = 0
      const window = 500
      for (let first = 0; first < keys; first += window) {
        const receipts = Array.from({ length: window }, (_, place) => {
          const device = `device-${first + place}`
          return sink.write({
            topic: device,
            hashKey: md5HashKey(device),
            logs: [{ time: 1, contents: { device } }]
          })
        })
        mostOpen = Math.max(mostOpen, sink.status().openBatches)
        for (const { logs } of await Promise.all(receipts)) accepted += logs
        if (first === window * 9) early = heapInUse()
      }
      const grown = heapInUse() - early
      assert.equal(accepted, keys)
      assert.ok(mostOpen <= 500, `${mostOpen} open batches`)
      const { openBatches, sealedBatches, memory, pendingWrites } = sink.status()
      assert.deepEqual([openBatches, sealedBatches, memory.used, pendingWrites], [0, 0, 0, 0])
      assert.ok(memory.peak <= memory.limit)
      console.log(`      ${keys} keys: heap in use grew by ${(grown / 1e6).toFixed(1)} MB`)
      assert.ok(grown < 8e6, `heap in use grew by ${grown} bytes over ${keys} keys`)
      await sink.close()
    })
  }
})
