import assert from 'node:assert/strict'
import fc from 'fast-check'
import { HandClock } from '../engine/source/hand-clock'
import { collect, LocalService, readToEnd, sorted, until } from '../engine/source/local-service'
import { runs } from '../support/counts'

interface Course {
  /** What happens, second by second. */
  events: ('write' | 'split' | 'merge')[]
  /** Seconds after the begin. */
  start: number
  stop: number
}

const course: fc.Arbitrary<Course> = fc.record({
  events: fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constant('write' as const) },
      { weight: 1, arbitrary: fc.constantFrom('split' as const, 'merge' as const) }
    ),
    { minLength: 1, maxLength: 20 }
  ),
  start: fc.nat({ max: 20 }),
  stop: fc.nat({ max: 20 })
})

describe('A stop time', () => {
  it('ends reading with just the logs from the start up to it, splits and merges between, and at once', async () => {
    const clock = new HandClock()
    const service = await LocalService.start({ clock: clock.now })
    await fc.assert(
      fc.asyncProperty(course, async ({ events, start, stop }) => {
        const logstore = `bounded-${Math.random().toString(36).slice(2)}`
        service.emulator.createLogstore(logstore, { shardCount: 2 })
        const begin = clock.seconds
        const expected: string[] = []
        let open = [0, 1]
        for (const [second, happens] of events.entries()) {
          const shard = open[second % open.length] ?? 0
          if (happens === 'write') {
            await service.write(logstore, [String(second)], String(second % 8).repeat(32))
            if (second >= start && second < stop) expected.push(String(second))
          } else if (happens === 'split') {
            service.emulator.splitShard(logstore, shard)
          } else if (open.length > 1) {
            service.emulator.mergeShard(logstore, open[0] ?? 0)
          }
          open = (await service.client.listShards(logstore))
            .filter(({ status }) => status === 'readwrite')
            .sort((one, other) => (one.inclusiveBeginKey < other.inclusiveBeginKey ? -1 : 1))
            .map(({ shardId }) => shardId)
          clock.pass(1000)
        }
        clock.pass(30_000)
        const source = service.source({
          logstores: logstore,
          clock: clock.source,
          position: { type: 'timestamp', time: begin + start },
          stopTime: begin + stop
        })
        const finished = collect(source, 'finished')
        assert.deepEqual(sorted(await readToEnd(source)), sorted(expected))
        assert.ok(finished.every(({ reason }) => reason === 'stopTime' || reason === 'end'))
        for (const { fetches, emptyFetches } of source.status().shards) {
          assert.ok(emptyFetches <= 1, `${emptyFetches} of ${fetches} fetches found nothing`)
        }
        await source.close()
        service.emulator.deleteLogstore(logstore)
      }),
      { numRuns: runs(15, 300) }
    )
    await service.close()
  }).timeout(300_000)

  it('in the future ends reading when it has passed', async () => {
    const clock = new HandClock()
    const service = await LocalService.start({ clock: clock.now })
    const source = service.source({ clock: clock.source, stopTime: clock.seconds + 20 })
    const reading = readToEnd(source)
    await service.write('access', ['early'])
    await until(() => source.status().logs === 1)
    clock.pass(19_000)
    await service.write('access', ['late'])
    clock.pass(6000)
    await service.write('access', ['too late'])
    assert.deepEqual(await reading, ['early', 'late'])
    await service.close()
  })
})
