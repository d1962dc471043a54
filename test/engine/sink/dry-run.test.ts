import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Shard } from '../../../engine/client/model'
import { type PlannedRequest, shardOf } from '../../../engine/sink/dry-run'
import { Emulated } from './support/emulated'
import { logs } from './support/logs'
import { sinkUnderTest } from './support/sink-under-test'

const shard = (shardId: number, from: string, to: string, status: Shard['status'] = 'readwrite'): Shard => ({
  shardId,
  status,
  inclusiveBeginKey: from.padEnd(32, from === 'f' ? 'f' : '0'),
  exclusiveEndKey: to.padEnd(32, to === 'f' ? 'f' : '0'),
  createTime: 0
})

describe('The shard of a hash key', () => {
  const shards = [shard(0, '0', 'f', 'readonly'), shard(3, '8', 'f'), shard(1, '0', '4'), shard(2, '4', '8')]

  it('is the one that takes writes and whose range holds it, the last one for the highest key', () => {
    for (const [key, owner] of [
      ['0'.repeat(32), 1],
      [`3${'f'.repeat(31)}`, 1],
      [`4${'0'.repeat(31)}`, 2],
      [`C${'0'.repeat(31)}`, 3],
      ['f'.repeat(32), 3]
    ] as const) {
      assert.equal(shardOf(shards, key), owner, key)
    }
    assert.equal(shardOf([shard(0, '0', 'f', 'readonly')], '0'.repeat(32)), undefined)
  })
})

describe('A dry run', () => {
  it('sends no log, and tells what it would send and to which shard', async () => {
    const emulated = await Emulated.start({ logstores: ['access:4'] })
    const planned: PlannedRequest[] = []
    const sink = emulated.sink({ dryRun: true, maxLines: 3, ordered: true })
    sink.on('planned', (request) => planned.push(request))
    const hashKey = 'c'.repeat(32)
    const tags = [['host', 'a']] as const
    const receipt = await sink.write({ topic: 't', source: 's', tags, hashKey, logs: logs(7) })
    assert.deepEqual(receipt.requestIds, ['dry-run-1', 'dry-run-2', 'dry-run-3'])
    assert.deepEqual(
      planned.map((request) => request.logs),
      [3, 3, 1]
    )
    const [first] = planned
    const adjusted = `cc${'0'.repeat(30)}`
    const sizes = { bytes: first?.bytes, compressedBytes: first?.compressedBytes, compression: 'lz4' }
    const where = { hashKey: adjusted, shard: 3 }
    const frame = { logstore: 'access', topic: 't', source: 's', tags: [['host', 'a']] }
    assert.deepEqual(first, { requestId: 'dry-run-1', ...frame, logs: 3, ...sizes, ...where })
    assert.ok((first?.bytes ?? 0) > (first?.logs ?? 0) * 10)
    assert.deepEqual(sink.status().dryRun, { requests: 3, last: planned[2] })
    assert.equal(emulated.service.stats().calls['PutLogs'], undefined)
    assert.deepEqual(await emulated.groups(), [])
    await emulated.close()
  })

  it('that cannot see the shards says why', async () => {
    const { sink, clock } = sinkUnderTest({ dryRun: true })
    const planned: PlannedRequest[] = []
    sink.on('planned', (request) => planned.push(request))
    for (const hashKey of [undefined, '0'.repeat(32)]) {
      const write = sink.write({ hashKey, logs: logs(1) })
      await clock.advance(3000)
      await write
    }
    assert.deepEqual(
      planned.map(({ shard, shardUnknown }) => [shard, shardUnknown]),
      [
        [undefined, undefined],
        [undefined, 'the client cannot list shards']
      ]
    )
    await sink.close()
  })

  it('plans the very batches that are sent without it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 1, max: 9 })), { maxLength: 12 }),
        async (writes) => {
          const real = sinkUnderTest({ maxLines: 4, compression: 'lz4' })
          const dry = sinkUnderTest({ maxLines: 4, compression: 'lz4', dryRun: true })
          const planned: PlannedRequest[] = []
          dry.sink.on('planned', (request) => planned.push(request))
          for (const { sink, clock } of [real, dry]) {
            const receipts = writes.map(([topic, count]) => sink.write({ topic, logs: logs(count) }))
            await clock.advance(5000)
            await Promise.all(receipts)
            await sink.close()
          }
          const told = (request: { topic: string; logs: number; bytes: number }) =>
            `${request.topic} ${request.logs} ${request.bytes}`
          assert.deepEqual(
            planned.map(told).sort(),
            real.service.accepted
              .map((put) => told({ topic: put.topic, logs: put.logs.length, bytes: put.rawSize }))
              .sort()
          )
          assert.deepEqual(dry.service.received, [])
        }
      ),
      { numRuns: 25 }
    )
  })
})
