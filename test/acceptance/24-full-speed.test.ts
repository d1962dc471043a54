import assert from 'node:assert/strict'
import { type Clock, systemClock } from '../../engine/source/clock'
import { begin, LocalService } from '../engine/source/local-service'
import { runs } from '../support/counts'

const groups = runs(40, 400)
const groupSize = 1_000_000

describe('A shard that is written faster than it is read', () => {
  it('is read by one reader without a wait between two fetches', async () => {
    const service = await LocalService.start({ memory: 2 ** 30 })
    const value = 'x'.repeat(1000)
    for (let group = 0; group < groups; group++) {
      await service.writeGroup('access', new Array<string>(groupSize / 1000).fill(value))
    }
    const waits: number[] = []
    const clock: Clock = {
      now: systemClock.now,
      delay: (ms, signal) => {
        waits.push(ms)
        return systemClock.delay(ms, signal)
      }
    }
    const source = service.source({ clock, fetchInterval: 777, discoveryInterval: 0 })
    const began = performance.now()
    let bytes = 0
    let next = await begin(source)
    while (next.done !== true) {
      bytes += next.value.rawSize
      next.value.ack()
      if (bytes >= groups * groupSize) break
      next = await begin(source)
    }
    const speed = bytes / (performance.now() - began) / 1000
    console.log(
      `      ${Math.round(bytes / 1e6)} MB raw in ${source.status().counts.fetches} fetches, ${Math.round(speed)} MB/s`
    )
    assert.deepEqual(
      waits.filter((ms) => ms >= 777 && ms < 1000),
      [],
      'waits between fetches'
    )
    assert.equal(source.status().counts.emptyFetches, 0)
    await service.close()
  }).timeout(120_000)
})
