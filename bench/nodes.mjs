// The nodes in a real Node-RED beside its own ceiling: an empty source into an empty sink.
import { Contender } from './contender.mjs'
import { interleaveAsync, median, spread } from './measure.mjs'
import { accept, figure, mebibytes, percent, table, thousands } from './report.mjs'
import { startStub } from './services.mjs'

/** Processes of each contender, one after the other, and runs of each process once it is warm. */
const PROCESSES = 4
const RUNS = 2
/** Without it V8 chances, from process to process, on laying short-lived objects into the old generation. */
const STEADY_FLAG = '--no-allocation-site-pretenuring'
const LOGSTORE = 'access_2000_4_2'
const single = { data: 'access', messages: 60_000, warm: 10_000 }
const logs = { logs: 80_000, warm: 40_000 }

const runs = {
  'empty source to empty sink': (node) => node.run('send', { ...single, messages: 100_000 }),
  'empty source to a sink that is done 2,000 later': (node) => node.run('send', { ...single, window: 4000 }),
  'sls-in, a message a log': (node) => node.run('receive', logs),
  'sls-in, a message a group': (node) => node.run('receive', logs),
  'sls-in, a message a fetch': (node) => node.run('receive', logs),
  'engine source': (engine) => engine.run('steady', { logstore: LOGSTORE, ...logs }),
  'sls-out, a message a log': (node) => node.run('send', { ...single, window: 4000 }),
  'sls-out, 1,000 logs a message': (node) =>
    node.run('send', { data: 'access', messages: 100, warm: 20, window: 10, size: 1000 }),
  'engine sink, 1,000 logs a write': (engine) =>
    engine.run('write', { data: 'access', logs: 100_000, size: 1000, fresh: true })
}

function contendersOf(connection) {
  const into = (output) => [
    'node-red',
    { connection, kind: 'in', properties: { logstores: LOGSTORE, output, localState: true } }
  ]
  const out = ['node-red', { connection, kind: 'out', properties: { logstore: 'access' } }]
  return {
    'empty source to empty sink': ['node-red', { connection, kind: 'empty' }],
    'empty source to a sink that is done 2,000 later': [
      'node-red',
      { connection, kind: 'empty', properties: { late: true } }
    ],
    'sls-in, a message a log': into('log'),
    'sls-in, a message a group': into('group'),
    'sls-in, a message a fetch': into('fetch'),
    'engine source': ['source-engine', { connection }],
    'sls-out, a message a log': out,
    'sls-out, 1,000 logs a message': out,
    'engine sink, 1,000 logs a write': ['sink-engine', { connection }]
  }
}

/** The runs of each process of each contender; one process runs at a time. */
async function measure(contenders, flags) {
  const names = Object.keys(contenders)
  return interleaveAsync(names, PROCESSES, async (name) => {
    const [module, options] = contenders[name]
    const contender = await Contender.start(module, options, flags)
    await runs[name](contender)
    const measured = []
    for (let run = 0; run < RUNS; run++) measured.push(await runs[name](contender))
    await contender.close()
    return measured
  })
}

const costs = (runs) => runs.map(({ cpu, result }) => cpu / result.logs)
const rates = (runs) => runs.map(({ wall, result }) => result.logs / wall)
/** Logs a second of the process that fared best: what is left to chance hits neither side of a comparison. */
const best = (processes) => Math.max(...processes.map((runs) => median(rates(runs))))

function print(title, measured) {
  table(
    title,
    ['flow', 'k logs/s', 'best process', 'CPU us/log', 'spread', 'p99 loop ms', 'longest ms', 'peak MiB'],
    Object.entries(measured).map(([name, processes]) => {
      const own = processes.flat()
      return [
        name,
        thousands(median(rates(own))),
        thousands(best(processes)),
        figure(median(costs(own)) * 1e6),
        percent(spread(costs(own))),
        figure(median(own.map(({ p99 }) => p99))),
        figure(median(own.map(({ longest }) => longest))),
        mebibytes(Math.max(...own.map(({ peakRss }) => peakRss)))
      ]
    })
  )
}

const asked = [
  ['sls-in, a message a log', 'empty source to empty sink', 'of a bare source node', 0.4],
  ['sls-in, a message a group', 'engine source', 'of the engine', 0.85],
  ['sls-in, a message a fetch', 'engine source', 'of the engine', 0.85],
  ['sls-out, a message a log', 'empty source to empty sink', 'of an empty sink', 0.4],
  ['sls-out, 1,000 logs a message', 'engine sink, 1,000 logs a write', 'of the engine', 0.85]
]

export async function nodes() {
  const stub = await startStub()
  const contenders = contendersOf(stub.connection)
  const usual = await measure(contenders, [])
  const steady = await measure(contenders, [STEADY_FLAG])
  await stub.close()
  print(`In Node-RED, access logs, ${PROCESSES} processes each`, usual)
  print(`The same under node ${STEADY_FLAG}`, steady)
  const share = (measured, name, of) => best(measured[name]) / best(measured[of])
  for (const [name, of, what, least] of asked) accept(`${name}, ${what}`, share(usual, name, of), least)
  for (const [name, of, what, least] of asked)
    accept(`${name}, ${what}, without pretenuring`, share(steady, name, of), least)
  for (const [name, processes] of Object.entries(usual).filter(([name]) => name.startsWith('sls-'))) {
    const p99 = median(processes.flat().map((run) => run.p99))
    accept(`${name}: p99 delay of the event loop`, p99, 25, { unit: 'ms', most: true })
  }
}
