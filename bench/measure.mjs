// Side-by-side measuring: contenders run in turn, round by round, so that a noisy minute falls on all of them.
const LEAST_MILLISECONDS = 100
const WARM_MILLISECONDS = 250

/** CPU seconds per run of each contender, a list of rounds; `contenders` is {name: function}. */
export function interleave(contenders, rounds) {
  const runsOf = Object.fromEntries(Object.entries(contenders).map(([name, run]) => [name, calibrate(run)]))
  const results = byRound(Object.keys(contenders), rounds, (name) => {
    return cpuSeconds(contenders[name], runsOf[name]) / runsOf[name]
  })
  return results
}

/** As `interleave` for contenders that take their time: `run(name)` gives a promise. */
export async function interleaveAsync(names, rounds, run) {
  const results = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const name of turns(names, round)) results[name].push(await run(name))
  }
  return results
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** How many times the other costs what ours does, each round by itself: a slow moment of the machine hits both. */
export function pairedRatio(other, ours) {
  return median(other.map((cost, round) => cost / ours[round]))
}

/** Half of the distance between the quartiles, as a share of the median. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share) => sorted[Math.round((sorted.length - 1) * share)]
  return (at(0.75) - at(0.25)) / 2 / median(values)
}

function byRound(names, rounds, run) {
  const results = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const name of turns(names, round)) results[name].push(run(name))
  }
  return results
}

function turns(names, round) {
  return names.map((_, turn) => names[(round + turn) % names.length])
}

function calibrate(run) {
  const end = performance.now() + WARM_MILLISECONDS
  while (performance.now() < end) run()
  return Math.max(1, Math.ceil(LEAST_MILLISECONDS / 1000 / (cpuSeconds(run, 3) / 3)))
}

function cpuSeconds(run, times) {
  const before = process.cpuUsage()
  for (let index = 0; index < times; index++) run()
  const used = process.cpuUsage(before)
  return (used.user + used.system) / 1e6
}
