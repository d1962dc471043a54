import { strict as assert } from 'node:assert'
import { setTimeout as delay } from 'node:timers/promises'
import { runs } from '../../support/counts'
import { LocalService } from './local-service'

const groups = runs(20, 300)
const memoryLimit = 2_000_000
const groupSize = 500_000

describe('a slow flow that reads a full logstore', () => {
  it('holds no more than the memory limit and one fetch, and gets all of it', async () => {
    const service = await LocalService.start({ logstores: ['access:4'], memory: 2 ** 30 })
    const text = 'x'.repeat(groupSize)
    for (let group = 0; group < groups; group++) {
      await service.writeGroup('access', [`${group}:${text}`], (group % 16).toString(16).repeat(32))
    }
    const source = service.source({ memoryLimit, maxLogGroups: 2 })
    const seen = new Set<string>()
    let most = 0
    let largest = 0
    const before = process.memoryUsage().arrayBuffers
    let mostBuffers = 0
    const watch = () => {
      most = Math.max(most, source.status().memory.held)
      mostBuffers = Math.max(mostBuffers, process.memoryUsage().arrayBuffers - before)
    }
    for await (const batch of source) {
      largest = Math.max(largest, batch.rawSize)
      for (const group of batch.groups) {
        watch()
        await delay(100)
        seen.add(group.logs()[0]?.contents[0]?.[1].split(':')[0] ?? '')
        group.ack()
        watch()
      }
      if (seen.size === groups) break
    }
    console.log(
      `      ${groups} groups of ${groupSize} bytes: at most ${most} bytes held, limit ${memoryLimit} and a fetch of ${largest}; buffers grew by ${mostBuffers}`
    )
    assert.equal(seen.size, groups)
    assert.ok(most > memoryLimit / 2)
    assert.ok(most <= memoryLimit + largest)
    await service.close()
  }).timeout(120_000)
})
