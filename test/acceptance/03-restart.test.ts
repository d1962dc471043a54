import assert from 'node:assert/strict'
import { MemoryProgressStore } from '../../engine/state/progress-store'
import {
  LocalService,
  messagesOf,
  nextBatch,
  numbered,
  readMessages,
  sorted
} from '../engine/source/local-service'

describe('Acceptance 3: 1,000 logs that were read and confirmed', () => {
  let service: LocalService
  beforeEach(async () => {
    service = await LocalService.start({ logstores: ['access:2'] })
    for (let start = 0; start < 1000; start += 25) {
      const hashKey = ((start / 25) % 16).toString(16).repeat(32)
      await service.writeGroup('access', numbered(25, `${start} `), hashKey)
    }
  })
  afterEach(() => service.close())

  it('do not come again after a clean stop', async () => {
    const state = new MemoryProgressStore()
    const before = service.source({ state, checkpointInterval: 60_000 })
    assert.equal(new Set(await readMessages(before, 1000)).size, 1000)
    await before.close()
    await service.write('access', ['new'])
    assert.deepEqual(await readMessages(service.source({ state }), 1), ['new'])
  })

  it('come again after a crash only as far as they were confirmed after the last snapshot', async () => {
    const kept = new MemoryProgressStore()
    let isDead = false
    const state = {
      load: () => kept.load(),
      save: async (snapshot: Parameters<typeof kept.save>[0]) => {
        if (isDead) throw new Error('this process is dead')
        await kept.save(snapshot)
      }
    }
    const before = service.source({ state, checkpointInterval: 60_000, maxLogGroups: 4, closeTimeout: 0 })
    const iterator = before[Symbol.asyncIterator]()
    const confirmed: string[] = []
    const late: string[] = []
    for (let batches = 0; batches < 10; batches++) {
      const batch = await nextBatch(iterator)
      batch.ack()
      ;(batches < 6 ? confirmed : late).push(...messagesOf(batch))
      if (batches === 5) await before.checkpoint()
    }
    assert.equal(confirmed.length + late.length, 1000)
    isDead = true
    await before.close()
    assert.deepEqual(sorted(await readMessages(service.source({ state: kept }), late.length)), sorted(late))
  })
})
