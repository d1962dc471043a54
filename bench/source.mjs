// Reading end to end against the raw stub: CPU seconds per million logs as plain records, ours beside the SDK's
// transport and a plain reader.
import { Contender } from './contender.mjs'
import { acceptDelay, columns, figuresOf, ratioToOurs } from './end-to-end.mjs'
import { interleaveAsync } from './measure.mjs'
import { accept, table } from './report.mjs'
import { startStub } from './services.mjs'

const ROUNDS = 6
const peers = ['openapi + static + lz4', 'fetch + reflection + lz4']
/** Logs a round, groups a fetch: fetches of some megabytes, as the service gives them to who is behind. */
const work = {
  access: { ours: 160_000, peer: 32_000, groups: 4, asked: 3.5 },
  IoT: { ours: 480_000, peer: 64_000, groups: 16, asked: 3 },
  wide: { ours: 24_000, peer: 4000, groups: 1, asked: 3 },
  Chinese: { ours: 240_000, peer: 32_000, groups: 8 }
}

export async function source() {
  const stub = await startStub()
  const { connection } = stub
  const readers = await Contender.startAll({
    ours: ['source-engine', { connection }],
    [peers[0]]: ['source-openapi', { connection }],
    [peers[1]]: ['source-fetch', { connection }]
  })
  const names = Object.keys(readers)
  const rows = []
  for (const [data, { ours, peer, groups, asked }] of Object.entries(work)) {
    const logstore = `${data}_2000_${groups}_2`
    const read = (name) => readers[name].run('read', { logstore, logs: name === 'ours' ? ours : peer })
    for (const name of names) await read(name)
    const runs = await interleaveAsync(names, ROUNDS, read)
    for (const name of names) {
      const ratio = ratioToOurs(runs, name)
      if (name === peers[0] && asked !== undefined) accept(`source ${data}, against ${name}`, ratio, asked)
      rows.push([data, name, ...figuresOf(runs, name)])
    }
    acceptDelay(`source ${data}`, runs)
  }
  table('Reading, groups of 2,000, 2 shards, against the raw stub', ['data', 'reader', ...columns], rows)
  await Contender.closeAll(readers)
  await stub.close()
}
