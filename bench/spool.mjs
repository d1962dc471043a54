// What store and forward costs: the same logs through the sink without a spool, with one that only helps out, and with
// one that has everything synced to disk first, in turn in one run; besides, what one sync of this disk takes.
import { mkdtemp, open, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { interleaveAsync, median, spread } from './measure.mjs'
import { root } from './paths.mjs'
import { figure, percent, table } from './report.mjs'
import { startStub } from './services.mjs'

const ROUNDS = 5
const modes = ['off', 'overflow', 'always']
/** Logs of a write, writes under way, and all logs of a round. */
const loads = {
  'batches of 1,000 logs': { write: 1000, pending: 20, logs: 200_000, flushInterval: 100 },
  'batches of 10 logs': { write: 10, pending: 20, logs: 10_000, flushInterval: 0 },
  'one log at a time': { write: 1, pending: 1, logs: 200, flushInterval: 0 }
}
const TEXT = 'GET /api/v1/devices/4711/telemetry?from=2024-01-01 HTTP/1.1 200 1532 "-" "agent/1.0"'

export async function spool() {
  const { SlsClient, SlsSink } = createRequire(import.meta.url)(join(root, 'dist/engine/index.js'))
  const folder = await mkdtemp(join(tmpdir(), 'sls-bench-spool-'))
  const stub = await startStub()
  const client = new SlsClient(stub.connection)
  try {
    const rows = []
    for (const [name, load] of Object.entries(loads)) {
      const run = (mode) => writeAll(SlsSink, { client, mode, folder: join(folder, mode), load })
      for (const mode of modes) await run(mode)
      const runs = await interleaveAsync(modes, ROUNDS, run)
      const rate = (mode) => runs[mode].map(({ logsPerSecond }) => logsPerSecond)
      for (const mode of modes) {
        rows.push([
          name,
          mode,
          Math.round(median(rate(mode))).toLocaleString('en-US'),
          percent(spread(rate(mode))),
          figure(median(rate(mode)) / median(rate('off'))),
          figure(median(runs[mode].map(({ done }) => done)))
        ])
      }
    }
    table(
      `Store and forward, until all is accepted; a sync of 4 KiB takes ${figure(await syncTime(folder))} ms here`,
      ['load', 'spool', 'logs/s', 'spread', 'of off', 'ms until done'],
      rows
    )
  } finally {
    client.close()
    await stub.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function writeAll(SlsSink, { client, mode, folder, load }) {
  const { write, pending, logs, flushInterval } = load
  const sink = new SlsSink({
    client,
    logstore: 'access',
    flushInterval,
    maxLines: write,
    concurrency: 4,
    spool: mode,
    spoolPath: folder
  })
  while (sink.status().spool?.state === 'opening') await new Promise((resolve) => setTimeout(resolve, 1))
  const time = Math.floor(Date.now() / 1000)
  const records = Array.from({ length: write }, (_, n) => ({ time, contents: { n: String(n), text: TEXT } }))
  const delays = []
  let left = logs / write
  const start = performance.now()
  const writer = async () => {
    while (left-- > 0) {
      const at = performance.now()
      await sink.write({ logs: records })
      delays.push(performance.now() - at)
    }
  }
  await Promise.all(Array.from({ length: pending }, writer))
  while (sink.status().logs < logs) await new Promise((resolve) => setTimeout(resolve, 1))
  const seconds = (performance.now() - start) / 1000
  await sink.close()
  return { logsPerSecond: logs / seconds, done: median(delays) }
}

/** Milliseconds that it takes to append 4 KiB and sync them. */
async function syncTime(folder) {
  const handle = await open(join(folder, 'sync'), 'w')
  const times = []
  for (let n = 0; n < 50; n++) {
    const at = performance.now()
    await handle.write(Buffer.alloc(4096, n))
    await handle.datasync()
    times.push(performance.now() - at)
  }
  await handle.close()
  return median(times)
}
