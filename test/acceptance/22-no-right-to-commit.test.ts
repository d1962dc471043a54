import assert from 'node:assert/strict'
import type { SourceOptions } from '../../engine/source/options'
import { begin, collect, event, LocalService, messagesOf } from '../engine/source/local-service'

const modes: Record<string, Partial<SourceOptions>> = {
  'a consumer group': {},
  'a consumer group that assigns': { assignment: { type: 'group', consumer: 'one', heartbeatInterval: 50 } }
}

describe('Acceptance 22: a user that may not commit', () => {
  let service: LocalService
  beforeEach(async () => {
    service = await LocalService.start()
    await service.write('access', ['one'])
  })
  afterEach(() => service.close())

  for (const [mode, options] of Object.entries(modes)) {
    it(`is told the action that is missing before anything is read, with ${mode}`, async () => {
      const fault = service.emulator.addFault({
        kind: 'error',
        call: 'UpdateCheckPoint',
        status: 401,
        code: 'Unauthorized',
        message: 'denied by sts or ram, action: log:ConsumerGroupUpdateCheckPoint, resource: acs:log:*'
      })
      const source = service.source({ consumerGroup: 'readers', ...options })
      const failed = event(source, 'error')
      const starts = collect(source, 'start')
      const first = begin(source)
      const { api, shard, error } = await failed
      assert.deepEqual([api, shard, error.code], ['updateCheckpoint', 0, 'Unauthorized'])
      assert.match(error.describe(), /Grant the RAM action log:ConsumerGroupUpdateCheckPoint/)
      assert.equal(source.status().state, 'error')
      assert.equal(service.emulator.stats().calls['PullLogs']?.calls ?? 0, 0)
      assert.deepEqual(starts, [])
      service.emulator.removeFault(fault)
      const batch = await first
      assert.ok(batch.done !== true)
      assert.deepEqual(messagesOf(batch.value), ['one'])
    })
  }
})
