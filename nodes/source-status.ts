import type { SourceStatus } from '../engine/source/source'
import { duration, grouped, shardsText } from './figures'
import type { NodeRed, NodeStatus } from './node-red'

/** The status under sls-in: a key that each editor translates, or figures in the server's language. */
export function sourceNodeStatus(status: SourceStatus, RED: Pick<NodeRed, '_'>): NodeStatus {
  return { ...appearance(status, RED), sls: status }
}

function appearance(status: SourceStatus, RED: Pick<NodeRed, '_'>): NodeStatus {
  switch (status.state) {
    case 'starting':
      return { fill: 'yellow', shape: 'ring', text: 'sls-in.status.starting' }
    case 'reading':
      return { fill: 'green', shape: 'dot', text: figures(status, RED) }
    case 'idle':
      if (status.logsPerSecond > 0) return { fill: 'green', shape: 'dot', text: figures(status, RED) }
      return { fill: 'green', shape: 'ring', text: 'sls-in.status.idle' }
    case 'paused':
      return { fill: 'blue', shape: 'dot', text: 'sls-in.status.paused' }
    case 'waiting':
      return { fill: 'blue', shape: 'dot', text: 'sls-in.status.waiting' }
    case 'retrying':
      return { fill: 'yellow', shape: 'ring', text: trouble(status, RED) }
    case 'error':
      return { fill: 'red', shape: 'ring', text: status.lastError?.code ?? 'sls-in.status.error' }
    case 'done':
      return { fill: 'grey', shape: 'dot', text: 'sls-in.status.done' }
    default:
      return {}
  }
}

function figures(status: SourceStatus, RED: Pick<NodeRed, '_'>): string {
  const shards = status.shards.filter((shard) => shard.status !== 'finished').length
  return RED._('sls-in.status.reading', {
    shards: shardsText(shards, RED),
    rate: grouped(status.logsPerSecond),
    lag: duration(status.lagSeconds ?? 0)
  })
}

function trouble(status: SourceStatus, RED: Pick<NodeRed, '_'>): string {
  const { lastError } = status
  if (lastError === undefined) return 'sls-in.status.retrying'
  const seconds = Math.ceil((lastError.retryIn ?? 0) / 1000)
  return RED._('sls-in.status.retrying-in', { code: lastError.code, seconds })
}
