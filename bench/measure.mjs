// Side-by-side measuring: contenders run in turn, round by round, so that a noisy minute falls on all of them.
const LEAST_MILLISECONDS = 120

/** CPU seconds per run of each contender, a list of rounds; `contenders` is {name: function}. */
export function interleave(contenders, rounds) {
  const names = Object.keys(contenders)
  const results = Object.fromEntries(names.map((name) => [name, []]))
  const runsOf = Object.fromEntries(names.map((name) => [name, calibrate(contenders[name])]))
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length]
      results[name].push(cpuSeconds(contenders[name], runsOf[name]) / runsOf[name])
    }
  }
  return results
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

function calibrate(run) {
  for (let warm = 0; warm < 20; warm++) run()
  return Math.max(1, Math.ceil(LEAST_MILLISECONDS / 1000 / (cpuSeconds(run, 5) / 5)))
}

function cpuSeconds(run, times) {
  const before = process.cpuUsage()
  for (let index = 0; index < times; index++) run()
  const used = process.cpuUsage(before)
  return (used.user + used.system) / 1e6
}
