// The nodes in a real Node-RED beside its own ceiling: an empty source into an empty sink.
import { Contender } from './contender.mjs'
import { interleaveAsync, median, spread } from './measure.mjs'
import { accept, figure, mebibytes, percent, table, thousands } from './report.mjs'
import { startStub } from './services.mjs'

const ROUNDS = 5
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

export async function nodes() {
  const stub = await startStub()
  const { connection } = stub
  const into = (output) => [
    'node-red',
    { connection, kind: 'in', properties: { logstores: LOGSTORE, output, localState: true } }
  ]
  const out = ['node-red', { connection, kind: 'out', properties: { logstore: 'access' } }]
  const contenders = await Contender.startAll({
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
  })
  const names = Object.keys(contenders)
  for (const name of names) await runs[name](contenders[name])
  const measured = await interleaveAsync(names, ROUNDS, (name) => runs[name](contenders[name]))
  const costs = (name) => measured[name].map(({ cpu, result }) => cpu / result.logs)
  const cost = (name) => median(costs(name))
  table(
    'In Node-RED, access logs',
    ['flow', 'CPU us/log', 'spread', 'k logs/CPU s', 'k logs/s', 'p99 loop ms', 'longest ms', 'peak MiB'],
    names.map((name) => [
      name,
      figure(cost(name) * 1e6),
      percent(spread(costs(name))),
      thousands(1 / cost(name)),
      thousands(median(measured[name].map(({ wall, result }) => result.logs / wall))),
      figure(median(measured[name].map(({ p99 }) => p99))),
      figure(median(measured[name].map(({ longest }) => longest))),
      mebibytes(Math.max(...measured[name].map(({ peakRss }) => peakRss)))
    ])
  )
  const share = (name, of) => cost(of) / cost(name)
  accept(
    'sls-in, a message a log, of a bare source node',
    share('sls-in, a message a log', 'empty source to empty sink'),
    0.4
  )
  accept(
    'sls-in, a message a group, of the engine',
    share('sls-in, a message a group', 'engine source'),
    0.85
  )
  accept(
    'sls-in, a message a fetch, of the engine',
    share('sls-in, a message a fetch', 'engine source'),
    0.85
  )
  accept(
    'sls-out, a message a log, of an empty sink',
    share('sls-out, a message a log', 'empty source to empty sink'),
    0.4
  )
  accept(
    'sls-out, 1,000 logs a message, of the engine',
    share('sls-out, 1,000 logs a message', 'engine sink, 1,000 logs a write'),
    0.85
  )
  for (const name of names.filter((name) => name.startsWith('sls-'))) {
    const p99 = median(measured[name].map((run) => run.p99))
    accept(`${name}: p99 delay of the event loop`, p99, 25, { unit: 'ms', most: true })
  }
  await Contender.closeAll(contenders)
  await stub.close()
}
