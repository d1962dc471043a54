// What the runs of reading and of writing end to end have in common: CPU seconds per log, compared with ours.
import { median, pairedRatio, spread } from './measure.mjs'
import { accept, figure, mebibytes, percent } from './report.mjs'

export const columns = ['CPU s/1M logs', 'spread', 'x ours', 'k logs/s', 'p99 loop ms', 'peak MiB']

const costs = (runs) => runs.map(({ cpu, result }) => cpu / result.logs)

/** The CPU that a contender's logs take, as a multiple of ours. */
export function ratioToOurs(runs, name) {
  return pairedRatio(costs(runs[name]), costs(runs.ours))
}

/** A contender's figures, in the order of `columns`. */
export function figuresOf(runs, name) {
  const own = runs[name]
  return [
    figure(median(costs(own)) * 1e6),
    percent(spread(costs(own))),
    figure(ratioToOurs(runs, name)),
    Math.round(median(own.map(({ wall, result }) => result.logs / wall / 1000))),
    figure(median(own.map(({ p99 }) => p99))),
    mebibytes(Math.max(...own.map(({ peakRss }) => peakRss)))
  ]
}

export function acceptDelay(what, runs) {
  const delay = median(runs.ours.map(({ p99 }) => p99))
  accept(`${what}: p99 delay of the event loop`, delay, 25, { unit: 'ms', most: true })
}
