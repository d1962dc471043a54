import assert from 'node:assert/strict'
import type { SourceOptions } from '../../engine/source/options'
import type { SourceBatch } from '../../engine/source/source'
import { MemoryProgressStore } from '../../engine/state/progress-store'
import {
  LocalService,
  messagesOf,
  nextBatch,
  numbered,
  readMessages,
  sorted
} from '../engine/source/local-service'

const modes: Record<string, () => Partial<SourceOptions>> = {
  'the local state': () => ({ state: new MemoryProgressStore() }),
  'a consumer group that assigns': () => ({
    state: new MemoryProgressStore(),
    consumerGroup: 'readers',
    assignment: { type: 'group', consumer: 'one', heartbeatInterval: 50 }
  })
}

describe('Acceptance 8: a stop while three batches are not acknowledged', function () {
  this.timeout(15_000)
  let service: LocalService
  beforeEach(async () => {
    service = await LocalService.start()
    await service.write('access', numbered(10))
  })
  afterEach(() => service.close())

  for (const [mode, options] of Object.entries(modes)) {
    it(`ends, and brings just those again, with ${mode}`, async () => {
      const kept = { maxLogGroups: 1, ...options() }
      const before = service.source(kept)
      const iterator = before[Symbol.asyncIterator]()
      const batches: SourceBatch[] = []
      for (let count = 0; count < 10; count++) batches.push(await nextBatch(iterator))
      const open = new Set([2, 3, 7])
      for (const [index, batch] of batches.entries()) if (!open.has(index)) batch.ack()
      await before.close()
      for (const batch of batches) batch.ack()
      await service.write('access', ['new'])
      const expected = [
        ...[...open].flatMap((index) => batches.slice(index, index + 1).flatMap(messagesOf)),
        'new'
      ]
      assert.deepEqual(sorted(await readMessages(service.source(kept), 4)), sorted(expected))
    })
  }
})
