import assert from 'node:assert/strict'
import type { SourceOptions } from '../../engine/source/options'
import { MemoryProgressStore } from '../../engine/state/progress-store'
import { begin, LocalService, readMessages, sorted, until } from '../engine/source/local-service'

const modes: Record<string, () => Partial<SourceOptions>> = {
  'the local state': () => ({ state: new MemoryProgressStore() }),
  'a consumer group': () => ({ consumerGroup: 'readers' }),
  'a consumer group that assigns': () => ({
    consumerGroup: 'readers',
    assignment: { type: 'group', consumer: 'one', heartbeatInterval: 50 }
  })
}

describe('Acceptance 2: a start at the end of an idle shard, and a stop before anything came', () => {
  let service: LocalService
  beforeEach(async () => {
    service = await LocalService.start()
  })
  afterEach(() => service.close())

  for (const [mode, options] of Object.entries(modes)) {
    it(`is followed by what was written meanwhile, with ${mode}`, async () => {
      const kept = { position: { type: 'end' as const }, ...options() }
      await service.write('access', ['old'])
      const before = service.source(kept)
      const nothing = begin(before)
      await until(() => before.status().shards.some(({ fetches }) => fetches > 0))
      await before.close()
      assert.equal((await nothing).done, true)
      await service.write('access', ['one', 'two'])
      assert.deepEqual(sorted(await readMessages(service.source(kept), 2)), ['one', 'two'])
    })
  }
})
