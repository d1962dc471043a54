import assert from 'node:assert/strict'
import { type FaultSpec, SlsEmulator } from '../../emulator'
import { writingFlow } from '../acceptance/support/writing-flow'
import { runs } from '../support/counts'
import { read } from './logstore'
import { withNodeRed } from './runtime'

/**
 * Faults of the service, and what is particular: a write may happen although its answer is lost; or the answer to a
 * write has no body that the fault could strike.
 */
const faults: readonly [name: string, faults: readonly FaultSpec[], ('happens all the same' | 'no body')?][] =
  [
    ['internal errors', [{ kind: 'error', probability: 0.3, seed: 1 }]],
    ['a busy service', [{ kind: 'error', code: 'ServerBusy', probability: 0.3, seed: 2 }]],
    ['quota errors', [{ kind: 'error', code: 'WriteQuotaExceed', probability: 0.3, seed: 3 }]],
    [
      'quota errors of a shard',
      [{ kind: 'error', code: 'ShardWriteQuotaExceed', probability: 0.3, seed: 4 }]
    ],
    ['refused signatures', [{ kind: 'error', code: 'SignatureNotMatch', count: 3 }]],
    ['a logstore that is being created', [{ kind: 'error', code: 'LogStoreNotExist', count: 5 }]],
    ['batches that are too large', [{ kind: 'error', code: 'PostBodyTooLarge', count: 5 }]],
    ['a slow service', [{ kind: 'delay', delay: 20, probability: 0.5, seed: 5 }]],
    ['a clock that is slow', [{ kind: 'clockSkew', skew: 3_600_000 }]],
    ['a clock that jumps', [{ kind: 'clockSkew', skew: -3_600_000, probability: 0.2, seed: 6 }]],
    ['throttled shards', [{ kind: 'throttle', callsPerSecond: 4 }]],
    ['connections cut before the effect', [{ kind: 'cutBefore', probability: 0.3, seed: 7 }]],
    [
      'connections cut after the effect',
      [{ kind: 'cutAfter', probability: 0.3, seed: 8 }],
      'happens all the same'
    ],
    ['answers cut in half', [{ kind: 'halfBody', probability: 0.3, seed: 9 }], 'no body'],
    ['corrupt answers', [{ kind: 'corruptBody', probability: 0.3, seed: 10 }], 'no body']
  ]

describe('sls-out loses nothing to', () => {
  withNodeRed()

  for (const [name, specs, particular] of faults) {
    it(name, async function () {
      this.timeout(runs(20_000, 300_000))
      const sls = await SlsEmulator.start({ quiet: true, logstores: ['access:2'] })
      const connection = { maxRetries: 30, maxRetriesRetryable: -1 }
      const batch = runs(50, 1000)
      const flow = await writingFlow(sls, {
        connection,
        out: { maxLines: batch, flushInterval: 10, concurrency: 4 }
      })
      for (const spec of specs) sls.addFault({ call: 'PutLogs', ...spec })
      const messages = runs(40, 1000)
      const each = runs(25, 100)
      for (let m = 0; m < messages; m++) {
        const payload = Array.from({ length: each }, (_, n) => ({ id: `${m}/${n}` }))
        flow.send('out', { payload, topic: `topic ${m % 3}`, m })
      }
      await flow.take('done', messages, runs(15_000, 280_000))
      const hits = sls.stats().faults.reduce((sum, fault) => sum + fault.hits, 0)
      assert.equal(hits > 0, particular !== 'no body', `the fault struck ${hits} times`)
      sls.clearFaults()
      await flow.stop()
      const done = flow.messages('done').map((message) => message['m'])
      assert.equal(done.length, messages, 'every message is done once')
      assert.equal(new Set(done).size, messages)
      const failed = flow.messages('failed').filter(({ sls: facts }) => !isNews(facts))
      assert.deepEqual(failed, [])
      const count = messages * each
      const ids = (await read(sls, count)).map(({ contents }) => contents[0]?.[1])
      assert.equal(new Set(ids).size, count, 'nothing is lost')
      const duplicates = ids.length - count
      if (particular !== 'happens all the same') assert.equal(duplicates, 0)
      else console.log(`      ${duplicates} of ${count} logs were written twice`)
      await sls.close()
    })
  }
})

/** A Catch node is told of an outage, too; no message failed with it. */
function isNews(facts: unknown): boolean {
  return typeof facts === 'object' && facts !== null && 'retrying' in facts
}
