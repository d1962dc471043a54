import assert from 'node:assert/strict'
import type { Clock } from '../../engine/source/clock'
import { systemClock } from '../../engine/source/clock'
import { LocalService, numbered, readMessages } from '../engine/source/local-service'
import { runs } from '../support/counts'

const groups = runs(100, 3600)

describe('A query that lets nothing through', () => {
  it('moves on at full speed: no wait before the end, the position passed and counted', async () => {
    const service = await LocalService.start()
    for (const message of numbered(groups)) await service.write('access', [message])
    await service.write('access', ['wanted'])
    const waits: { ms: number; fetches: number }[] = []
    const clock: Clock = {
      now: systemClock.now,
      delay: (ms, signal) => {
        waits.push({ ms, fetches: source.status().counts.fetches })
        return systemClock.delay(ms, signal)
      }
    }
    const source = service.source({
      clock,
      maxLogGroups: 10,
      fetchInterval: 777,
      query: "* | where message = 'wanted'"
    })
    assert.deepEqual(await readMessages(source, 1), ['wanted'])
    const { counts, shards } = source.status()
    assert.equal(counts.fetches, Math.ceil((groups + 1) / 10))
    assert.equal(counts.emptyFetches, counts.fetches - 1)
    assert.deepEqual([counts.rawLogs, counts.matchedLogs, counts.failedLogs], [groups + 1, 1, 0])
    const paced = waits.filter(({ ms, fetches }) => ms >= 777 && ms < 1000 && fetches < counts.fetches)
    assert.deepEqual(paced, [], 'waits between fetches before the end')
    assert.equal(shards[0]?.cursor, await service.client.getCursor('access', 0, 'end'))
    await service.close()
  }).timeout(60_000)
})
