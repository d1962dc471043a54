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

describe('Acceptance 1: a shard that is split right after a start at the end', () => {
  let service: LocalService
  beforeEach(async () => {
    service = await LocalService.start()
  })
  afterEach(() => service.close())

  for (const [mode, options] of Object.entries(modes)) {
    it(`loses nothing that is written to the children at once, with ${mode}`, async () => {
      await service.write('access', ['old'])
      const source = service.source({ position: { type: 'end' }, ...options() })
      const first = begin(source)
      await until(() => source.status().shards.some(({ fetches }) => fetches > 0))
      service.emulator.splitShard('access', 0)
      await service.write('access', ['left'], '0'.repeat(32))
      await service.write('access', ['right'], 'f'.repeat(32))
      const batch = await first
      assert.ok(batch.done !== true)
      const messages = batch.value.logs.map(({ contents }) => contents[0]?.[1] ?? '')
      batch.value.ack()
      messages.push(...(await readMessages(source, 1)))
      assert.deepEqual(sorted(messages), ['left', 'right'])
    })
  }
})
