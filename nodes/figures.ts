import type { NodeRed } from './node-red'

/** A count or a rate with thousands apart; below ten one decimal. */
export function grouped(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 1 : 0 })
}

/** A number of logs in the server's language. */
export function logsText(logs: number, RED: Pick<NodeRed, '_'>): string {
  return RED._(logs === 1 ? 'sls-out.count.log' : 'sls-out.count.logs', { logs: grouped(logs) })
}

/** A number of shards in the server's language. */
export function shardsText(shards: number, RED: Pick<NodeRed, '_'>): string {
  return RED._(shards === 1 ? 'sls-in.count.shard' : 'sls-in.count.shards', { shards: grouped(shards) })
}

/** Seconds in the largest unit that says enough: `45 s`, `5 min`, `3 h`, `2 d`. */
export function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

/** Bytes in the unit that says enough: `12 kB`, `0.4 MB`. */
export function size(bytes: number): string {
  if (bytes < 1e5) return `${Math.ceil(bytes / 1000)} kB`
  const megabytes = bytes / 1e6
  return `${megabytes.toLocaleString('en-US', { maximumFractionDigits: megabytes < 100 ? 1 : 0 })} MB`
}
