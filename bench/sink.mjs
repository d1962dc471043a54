// Writing end to end against the raw stub: CPU seconds per million logs, ours beside the SDKs.
import { Contender } from './contender.mjs'
import { acceptDelay, columns, figuresOf, ratioToOurs } from './end-to-end.mjs'
import { interleaveAsync, median } from './measure.mjs'
import { accept, table } from './report.mjs'
import { startStub } from './services.mjs'

const ROUNDS = 6
/** Logs a round: long enough for each to be measured, short enough for all. */
const work = {
  access: { ours: 400_000, '@alicloud/log': 40_000, 'openapi + static + lz4': 120_000 },
  IoT: { ours: 1_600_000, '@alicloud/log': 120_000, 'openapi + static + lz4': 600_000 },
  wide: { ours: 80_000, '@alicloud/log': 6000, 'openapi + static + lz4': 24_000 },
  Chinese: { ours: 900_000, '@alicloud/log': 60_000, 'openapi + static + lz4': 240_000 }
}
const asked = {
  access: { '@alicloud/log': 5, 'openapi + static + lz4': 2.5 },
  IoT: { '@alicloud/log': 7, 'openapi + static + lz4': 2.5 },
  wide: { '@alicloud/log': 6.5, 'openapi + static + lz4': 1.8 }
}

export async function sink() {
  const stub = await startStub()
  const { connection } = stub
  const writers = await Contender.startAll({
    ours: ['sink-engine', { connection }],
    '@alicloud/log': ['sink-alicloud-log', { connection }],
    'openapi + static + lz4': ['sink-openapi', { connection }]
  })
  const names = Object.keys(writers)
  const rows = []
  for (const [data, logs] of Object.entries(work)) {
    const write = async (name) => {
      const before = await stub.counts()
      const run = await writers[name].run('write', { data, logs: logs[name] })
      const { rawBytes } = await stub.counts()
      return { ...run, rawBytes: (rawBytes - before.rawBytes) / run.result.logs }
    }
    for (const name of names) await write(name)
    const runs = await interleaveAsync(names, ROUNDS, write)
    const size = median(runs.ours.map(({ rawBytes }) => rawBytes))
    for (const name of names) {
      const sent = median(runs[name].map(({ rawBytes }) => rawBytes))
      if (Math.abs(sent / size - 1) > 0.02) throw new Error(`${name} sent ${sent} bytes a log, not ${size}`)
      const ratio = ratioToOurs(runs, name)
      const wanted = asked[data]?.[name]
      if (wanted !== undefined) accept(`sink ${data}, against ${name}`, ratio, wanted)
      rows.push([data, name, ...figuresOf(runs, name)])
    }
    acceptDelay(`sink ${data}`, runs)
  }
  table('Writing, groups of 2,000, against the raw stub', ['data', 'writer', ...columns], rows)
  await Contender.closeAll(writers)
  await stub.close()
}
