// How the CPU per log grows with shards, with the number of logs, with the size of a write, with fields and with the
// size of a message. Ours alone, against the raw stub.
import { Contender } from './contender.mjs'
import { interleaveAsync, median } from './measure.mjs'
import { accept, figure, table } from './report.mjs'
import { startStub } from './services.mjs'

const ROUNDS = 3

export async function growth() {
  const stub = await startStub()
  const { connection } = stub
  const source = await Contender.start('source-engine', { connection })
  const sink = await Contender.start('sink-engine', { connection })
  await shards(source, sink)
  await numbers(source, sink)
  await writeSizes(sink)
  await shapes()
  await Contender.closeAll({ source, sink })
  await stub.close()
}

/** Microseconds a log for each value, median of rounds that take turns. */
async function costs(values, run) {
  for (const value of values) await run(value)
  const names = values.map(String)
  const results = await interleaveAsync(names, ROUNDS, async (name) => {
    const { cpu, result } = await run(values[names.indexOf(name)])
    return (cpu / result.logs) * 1e6
  })
  return names.map((name) => median(results[name]))
}

/** As many logs of as many shards: each shard brings the same number. */
async function shards(source, sink) {
  const counts = [1, 4, 16, 64, 256]
  const read = await costs(counts, (count) =>
    source.run('steady', { logstore: `access_500_1_${count}`, logs: 128_000, warm: 64_000 })
  )
  const write = await costs(counts, (keys) =>
    sink.run('write', { data: 'access', logs: 128_000, size: 500, keys })
  )
  table(
    'CPU us a log by shards: reading fetches of 500 access logs, writing to as many hash keys',
    ['', ...counts.map(String), '256 to 1'],
    [
      ['read', ...read.map(figure), figure(read.at(-1) / read[0])],
      ['write', ...write.map(figure), figure(write.at(-1) / write[0])]
    ]
  )
  accept('reading: CPU per log, 256 shards to 1', read.at(-1) / read[0], 1.2, { most: true })
  accept('writing: CPU per log, 256 shards to 1', write.at(-1) / write[0], 1.2, { most: true })
}

async function numbers(source, sink) {
  const counts = [10_000, 100_000, 1_000_000, 10_000_000]
  const once = async (run) => {
    await run(100_000)
    const results = []
    for (const count of counts) {
      const repeats = count < 1_000_000 ? 5 : 1
      const values = []
      for (let round = 0; round < repeats; round++) {
        const { cpu, result } = await run(count)
        values.push((cpu / result.logs) * 1e6)
      }
      results.push(median(values))
    }
    return results
  }
  const read = await once((logs) => source.run('read', { logstore: 'IoT_2000_5_2', logs }))
  const write = await once((logs) => sink.run('write', { data: 'IoT', logs, size: 1000 }))
  table(
    'CPU us a log by number of logs, IoT logs, the start and end of the source included',
    ['', ...counts.map((count) => count.toLocaleString('en-US')), 'last to first'],
    [
      ['read', ...read.map(figure), figure(read.at(-1) / read[0])],
      ['write', ...write.map(figure), figure(write.at(-1) / write[0])]
    ]
  )
  accept('reading: CPU per log, 10^7 logs to 10^4', read.at(-1) / read[0], 1.2, { most: true })
  accept('writing: CPU per log, 10^7 logs to 10^4', write.at(-1) / write[0], 1.2, { most: true })
}

async function writeSizes(sink) {
  const sizes = [1, 10, 100, 1000, 10_000]
  const write = await costs(sizes, (size) => sink.run('write', { data: 'access', logs: 60_000, size }))
  table(
    'CPU us a log by logs a write, access logs',
    ['', ...sizes.map((size) => size.toLocaleString('en-US'))],
    [['write', ...write.map(figure)]]
  )
}

/** By fields of 12 bytes, and by the length of the one long field of a log. */
async function shapes() {
  const codec = await Contender.start('codec', { peer: 'ours', groupSize: 500 })
  for (const [title, kind, values] of [
    ['fields of 12 bytes', 'fields', [5, 10, 20, 50, 100]],
    ['bytes of its message', 'message', [100, 1000, 10_000, 100_000]]
  ]) {
    const rows = []
    for (const direction of ['encode', 'decode']) {
      const cost = await costs(values, (value) => codec.run(direction, `${kind} ${value}`, 80))
      rows.push([direction, ...cost.map(figure)])
    }
    table(`CPU us a log by ${title}`, ['', ...values.map((value) => value.toLocaleString('en-US'))], rows)
  }
  await codec.close()
}
