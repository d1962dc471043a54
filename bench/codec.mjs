// Codec side by side, each in its own process: ours, protobufjs 8 (reflection, static code, its reader and writer by
// hand), the codec of @alicloud/log (protobufjs 6), and JSON for scale.
import { Contender } from './contender.mjs'
import { interleaveAsync, median, pairedRatio, spread } from './measure.mjs'
import { accept, figure, percent, table, thousands } from './report.mjs'

/** Processes of each codec, one after the other: how V8 compiles a codec differs from process to process. */
const LAUNCHES = 3
/** Of each launch. */
const ROUNDS = 5
const GROUP_SIZE = 2000
const ROUND_MILLISECONDS = 100
const WARM_MILLISECONDS = 200

const names = ['ours', 'reflection', 'static', 'by hand', '@alicloud/log', 'JSON']
const sets = ['access', 'IoT', 'wide', 'Chinese']

const titles = { encode: 'Encode, records to bytes', decode: 'Decode, bytes to plain records' }

/** CPU seconds a log in a launch: of each codec, a list of rounds. */
async function launch(measured) {
  const codecs = await Contender.startAll(
    Object.fromEntries(names.map((peer) => [peer, ['codec', { peer, groupSize: GROUP_SIZE }]]))
  )
  for (const direction of Object.keys(titles)) {
    for (const set of sets) {
      for (const name of names) await codecs[name].run(direction, set, WARM_MILLISECONDS)
      const seconds = await interleaveAsync(names, ROUNDS, async (name) => {
        const { cpu, result } = await codecs[name].run(direction, set, ROUND_MILLISECONDS)
        return cpu / result.logs
      })
      for (const name of names) measured[direction][set][name].push(...seconds[name])
    }
  }
  const sizes = {}
  for (const set of sets) sizes[set] = Math.round((await codecs.ours.run('bytes', set)).result / GROUP_SIZE)
  await Contender.closeAll(codecs)
  return sizes
}

function row(direction, set, bytes, seconds) {
  const ratio = (peer) => pairedRatio(seconds[peer], seconds.ours)
  if (direction === 'encode') {
    accept(`encode ${set}, against protobufjs reflection`, ratio('reflection'), 2.2)
    accept(`encode ${set}, against @alicloud/log`, ratio('@alicloud/log'), 5)
  } else {
    accept(`decode ${set}, against protobufjs reflection`, ratio('reflection'), 3)
  }
  return [
    set,
    bytes,
    ...names.map((name) => thousands(1 / median(seconds[name]))),
    percent(spread(seconds.ours)),
    ...names.slice(1).map((name) => figure(ratio(name)))
  ]
}

export async function codec() {
  const byName = () => Object.fromEntries(names.map((name) => [name, []]))
  const bySet = () => Object.fromEntries(sets.map((set) => [set, byName()]))
  const measured = { encode: bySet(), decode: bySet() }
  let sizes = {}
  for (let number = 0; number < LAUNCHES; number++) sizes = await launch(measured)
  for (const [direction, title] of Object.entries(titles)) {
    table(
      `${title}: thousand logs per CPU second, groups of ${GROUP_SIZE}, median of ${ROUNDS} rounds in each of ${LAUNCHES} launches`,
      ['data', 'bytes/log', ...names, 'spread', ...names.slice(1).map((name) => `x ${name}`)],
      sets.map((set) => row(direction, set, sizes[set], measured[direction][set]))
    )
  }
}
