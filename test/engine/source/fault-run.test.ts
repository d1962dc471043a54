import { strict as assert } from 'node:assert'
import type { FaultSpec } from '../../../emulator/fault-spec'
import { MemoryProgressStore } from '../../../engine/state/progress-store'
import { runs } from '../../support/counts'
import { LocalService, messagesOf, numbered } from './local-service'

const logCount = runs(2000, 50_000)
const groupSize = 20

/** What strikes while the source reads, and commits to a consumer group; some rest after a while. */
const faults: Record<string, FaultSpec> = {
  error: {
    kind: 'error',
    call: ['PullLogs', 'UpdateCheckPoint', 'ListShards'],
    code: 'InternalServerError',
    probability: 0.3,
    seed: 1
  },
  'error of a quota': {
    kind: 'error',
    call: 'PullLogs',
    status: 403,
    code: 'ShardReadQuotaExceed',
    count: 6
  },
  delay: { kind: 'delay', delay: 5, probability: 0.5, seed: 3 },
  cutBefore: { kind: 'cutBefore', probability: 0.2, seed: 4 },
  cutAfter: { kind: 'cutAfter', probability: 0.2, seed: 5 },
  halfBody: { kind: 'halfBody', call: 'PullLogs', probability: 0.3, seed: 6 },
  corruptBody: { kind: 'corruptBody', call: 'PullLogs', probability: 0.3, seed: 7 },
  throttle: { kind: 'throttle', call: 'PullLogs', callsPerSecond: 200 },
  clockSkew: { kind: 'clockSkew', skew: 3_600_000 }
}

describe('a read through faults', () => {
  for (const [name, fault] of Object.entries(faults)) {
    it(`of the kind ${name} loses nothing and repeats nothing`, async () => {
      const service = await LocalService.start({ logstores: ['access:2'], memory: 2 ** 30 })
      const messages = numbered(logCount)
      for (let from = 0; from < logCount; from += groupSize) {
        const key = from % (2 * groupSize) === 0 ? '0' : 'f'
        await service.writeGroup('access', messages.slice(from, from + groupSize), key.repeat(32))
      }
      const id = service.emulator.addFault(fault)
      const source = service.source({
        maxLogGroups: 10,
        consumerGroup: 'readers',
        state: new MemoryProgressStore()
      })
      const seen = new Map<string, number>()
      for await (const batch of source) {
        for (const message of messagesOf(batch)) seen.set(message, (seen.get(message) ?? 0) + 1)
        batch.ack()
        if (seen.size === logCount) break
      }
      const repeated = [...seen.values()].filter((times) => times > 1).length
      const { fetches, retries } = source.status().counts
      console.log(
        `      ${logCount} logs: 0 lost, ${repeated} repeated, ${fetches} fetches, ${retries} retries`
      )
      assert.equal(repeated, 0)
      service.emulator.removeFault(id)
      await service.close()
    }).timeout(300_000)
  }

  it('of the kind expireCursors reports all that it cannot read, and reads the rest', async () => {
    const service = await LocalService.start({ logstores: ['access:1'], memory: 2 ** 30 })
    const messages = numbered(logCount)
    for (let from = 0; from < logCount; from += groupSize) {
      await service.writeGroup('access', messages.slice(from, from + groupSize))
    }
    const source = service.source({ maxLogGroups: 5 })
    let lost = 0
    source.on('skipped', ({ groups }) => {
      lost += (groups ?? 0) * groupSize
    })
    const seen = new Set<string>()
    for await (const batch of source) {
      for (const message of messagesOf(batch)) seen.add(message)
      batch.ack()
      if (seen.has(String(logCount - 1))) break
      if (seen.size % 500 === 0) {
        const left = Math.floor((logCount - seen.size - lost) / groupSize)
        service.emulator.addFault({ kind: 'expireCursors', logstore: 'access', keep: Math.max(3, left - 20) })
      }
    }
    console.log(`      ${logCount} logs: ${seen.size} read, ${lost} reported as lost`)
    assert.equal(seen.size + lost, logCount)
    assert.ok(lost > 0)
    await service.close()
  }).timeout(300_000)
})
