import type { SinkStatus } from '../engine/sink/status'
import { grouped, megabytes } from './figures'
import type { NodeRed, NodeStatus } from './node-red'

/** The status under sls-out: a key that each editor translates, or figures in the server's language. */
export function sinkNodeStatus(status: SinkStatus, RED: Pick<NodeRed, '_'>): NodeStatus {
  return { ...appearance(status, RED), sls: status }
}

function appearance(status: SinkStatus, RED: Pick<NodeRed, '_'>): NodeStatus {
  const values = {
    rate: grouped(status.logsPerSecond),
    logs: grouped(status.bufferedLogs + status.waitingLogs),
    flying: grouped(status.inFlight),
    size: megabytes(status.bufferedBytes),
    percent: Math.round((100 * status.memory.used) / status.memory.limit),
    code: status.lastError?.code ?? ''
  }
  if (status.dryRun !== undefined && status.state !== 'error') {
    return { fill: 'grey', shape: 'ring', text: RED._('sls-out.status.dryRun', values) }
  }
  switch (status.state) {
    case 'idle':
    case 'sending':
      if (status.state === 'idle' && status.logsPerSecond === 0) {
        return { fill: 'green', shape: 'ring', text: 'sls-out.status.idle' }
      }
      if (status.pressure === 'high') {
        return { fill: 'yellow', shape: 'dot', text: RED._('sls-out.status.filling', values) }
      }
      return { fill: 'green', shape: 'dot', text: RED._('sls-out.status.sending', values) }
    case 'waiting':
      return { fill: 'blue', shape: 'dot', text: RED._('sls-out.status.waiting', values) }
    case 'retrying':
      return { fill: 'yellow', shape: 'ring', text: RED._('sls-out.status.retrying', values) }
    case 'error':
      return { fill: 'red', shape: 'ring', text: values.code || 'sls-out.status.error' }
    case 'closed':
      return {}
  }
}
