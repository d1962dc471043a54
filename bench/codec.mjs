// Codec side by side, each in its own process: ours, protobufjs 8 (reflection, static code, its reader and writer by
// hand), the codec of @alicloud/log (protobufjs 6), and JSON for scale.
import { Contender } from './contender.mjs'
import { interleaveAsync, median, pairedRatio, spread } from './measure.mjs'
import { accept, figure, percent, table, thousands } from './report.mjs'

const ROUNDS = 9
const GROUP_SIZE = 2000
const ROUND_MILLISECONDS = 100
const WARM_MILLISECONDS = 200

const names = ['ours', 'reflection', 'static', 'by hand', '@alicloud/log', 'JSON']
const sets = ['access', 'IoT', 'wide', 'Chinese']

async function compare(codecs, direction, set) {
  for (const name of names) await codecs[name].run(direction, set, WARM_MILLISECONDS)
  const seconds = await interleaveAsync(names, ROUNDS, async (name) => {
    const { cpu, result } = await codecs[name].run(direction, set, ROUND_MILLISECONDS)
    return cpu / result.logs
  })
  const ratio = (peer) => pairedRatio(seconds[peer], seconds.ours)
  if (direction === 'encode') {
    accept(`encode ${set}, against protobufjs reflection`, ratio('reflection'), 2.2)
    accept(`encode ${set}, against @alicloud/log`, ratio('@alicloud/log'), 5)
  } else {
    accept(`decode ${set}, against protobufjs reflection`, ratio('reflection'), 3)
  }
  return [
    set,
    Math.round((await codecs.ours.run('bytes', set)).result / GROUP_SIZE),
    ...names.map((name) => thousands(1 / median(seconds[name]))),
    percent(spread(seconds.ours)),
    ...names.slice(1).map((name) => figure(ratio(name)))
  ]
}

export async function codec() {
  const codecs = await Contender.startAll(
    Object.fromEntries(names.map((peer) => [peer, ['codec', { peer, groupSize: GROUP_SIZE }]]))
  )
  const titles = { encode: 'Encode, records to bytes', decode: 'Decode, bytes to plain records' }
  for (const [direction, title] of Object.entries(titles)) {
    const rows = []
    for (const set of sets) rows.push(await compare(codecs, direction, set))
    table(
      `${title}: thousand logs per CPU second, groups of ${GROUP_SIZE}, median of ${ROUNDS} rounds`,
      ['data', 'bytes/log', ...names, 'spread', ...names.slice(1).map((name) => `x ${name}`)],
      rows
    )
  }
  await Contender.closeAll(codecs)
}
