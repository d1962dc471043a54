import { strict as assert } from 'node:assert'
import type { SourceBatch } from '../../../engine/source/source'
import { runs } from '../../support/counts'
import { LocalService } from './local-service'

const fetches = runs(30, 120)
const logs = 20
const text = 'x'.repeat(50_000)

const messagesOf = (batch: SourceBatch) =>
  batch.groups.flatMap((group) => group.records().records.map((record) => record['message'] ?? ''))

describe('what a flow keeps of a source', () => {
  it('can be read after it was acknowledged, whatever was read in between', async () => {
    const service = await LocalService.start({ logstores: ['access:1'], memory: 2 ** 30 })
    const messages = Array.from({ length: fetches }, (_, fetch) =>
      Array.from({ length: logs }, (_, log) => `${fetch}-${log}:${text}`)
    )
    for (const group of messages) await service.writeGroup('access', group)
    const batches: SourceBatch[] = []
    const encoded: Buffer[] = []
    for await (const batch of service.source({ maxLogGroups: 1 })) {
      batches.push(batch)
      encoded.push(...batch.groups.map((group) => group.encoded))
      batch.ack()
      if (batches.length === fetches) break
    }
    for (const [fetch, batch] of batches.entries()) assert.deepEqual(messagesOf(batch), messages[fetch])
    for (const [fetch, batch] of batches.entries()) assert.deepEqual(batch.groups[0]?.encoded, encoded[fetch])
    await service.close()
  }).timeout(60_000)

  it('can be read while the shard is read anew', async () => {
    const service = await LocalService.start({ logstores: ['access:1'], memory: 2 ** 30 })
    const messages = Array.from({ length: logs }, (_, log) => `${log}:${text}`)
    await service.writeGroup('access', messages)
    const source = service.source({ maxLogGroups: 1 })
    const batches = source[Symbol.asyncIterator]()
    const first = (await batches.next()).value as SourceBatch
    const blocks = first.groups[0]?.recordBlocks(1)[Symbol.iterator]()
    const read = [blocks?.next().value.records[0]['message']]
    await source.seek({ type: 'begin' })
    const again = (await batches.next()).value as SourceBatch
    assert.deepEqual(messagesOf(again), messages)
    for (let next = blocks?.next(); next?.done === false; next = blocks?.next())
      read.push(next.value.records[0]?.['message'])
    assert.deepEqual(read, messages)
    await service.close()
  }).timeout(60_000)
})
