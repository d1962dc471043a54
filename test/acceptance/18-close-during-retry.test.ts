import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { SlsError } from '../../engine/client/errors'
import type { CloseReport } from '../../engine/sink/closing'
import { SlsSink } from '../../engine/sink/sink'
import { FakeClock } from '../engine/sink/support/fake-clock'
import { FakeService, refusals } from '../engine/sink/support/fake-service'
import { until } from '../engine/sink/support/spooled'
import { runs } from '../support/counts'

const deadline = 13_000
const total = runs(5000, 50_000)
const perWrite = 100

/** Closes while the clock of the sink runs; tells how long that took by it. */
async function closing(sink: SlsSink, clock: FakeClock): Promise<{ report: CloseReport; took: number }> {
  const start = clock.now()
  let report: CloseReport | undefined
  sink.close(deadline).then(
    (result) => {
      report = result
    },
    (error: unknown) => assert.fail(String(error))
  )
  while (report === undefined) {
    await clock.advance(50)
    await pause(10)
  }
  return { report, took: clock.now() - start }
}

describe('A sink that is closed while it repeats calls', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sls-close-'))
  })

  afterEach(() => rm(folder, { recursive: true, force: true }))

  const troubles: Record<string, (call: number) => SlsError | undefined | Promise<undefined>> = {
    'a network that is down': () => refusals.network(),
    'a service that is busy': () => refusals.busy(),
    'a service that takes every fifth call': (call) => (call % 5 === 0 ? undefined : refusals.busy()),
    'calls that never end': () => new Promise(() => undefined)
  }

  for (const [name, answer] of Object.entries(troubles)) {
    for (const ordered of [false, true]) {
      it(`settles each of ${total} logs once, in time, and keeps the rest on disk: ${name}${ordered ? ', in order' : ''}`, async function () {
        this.timeout(60_000)
        const clock = new FakeClock()
        const service = new FakeService()
        let calls = 0
        service.answer = () => answer(++calls)
        const sink = new SlsSink({
          client: service,
          logstore: 'access',
          clock,
          ordered,
          concurrency: 4,
          compression: 'none',
          spool: 'overflow',
          spoolPath: folder,
          maxLines: total / 50,
          retry: { maxRetriesRetryable: -1 }
        })
        await until('the spool', () => sink.status().spool?.state === 'ready')
        const settled: number[] = []
        const failed: unknown[] = []
        const writes = Array.from({ length: total / perWrite }, (_, write) =>
          sink.write({
            topic: String(write % 3),
            logs: Array.from({ length: perWrite }, (_, place) => ({
              time: 1_700_000_000,
              contents: { id: String(write * perWrite + place) }
            }))
          })
        )
        for (const [index, write] of writes.entries())
          write.then(
            () => settled.push(index),
            (error: unknown) => failed.push(error)
          )
        await clock.advance(300)
        assert.ok(calls > 0, 'calls were made')
        const before = sink.status()
        const { report, took } = await closing(sink, clock)
        assert.deepEqual(failed, [])
        assert.deepEqual(
          settled.sort((a, b) => a - b),
          [...writes.keys()]
        )
        assert.ok(took <= deadline, `${took} ms`)
        assert.equal(report.failedLogs, 0)
        const inTime = report.acceptedLogs + report.spooledLogs
        assert.equal(inTime + before.logs + before.spooled, total)

        service.answer = () => undefined
        const next = new SlsSink({
          client: service,
          logstore: 'access',
          spool: 'overflow',
          spoolPath: folder,
          ordered
        })
        await until('all logs', () => new Set(service.values('id')).size === total)
        await until('an empty spool', () => next.status().spool?.logs === 0)
        await next.close()
        if (!ordered) return
        for (const topic of ['0', '1', '2']) {
          const arrived = service.accepted
            .filter((put) => put.topic === topic)
            .flatMap(({ logs }) => logs.map(({ contents }) => Number(contents[0]?.[1])))
          assert.deepEqual(
            arrived,
            [...arrived].sort((a, b) => a - b)
          )
        }
      })
    }
  }
})
