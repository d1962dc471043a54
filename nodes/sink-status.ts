import type { SinkStatus } from '../engine/sink/status'
import { duration, grouped, logsText, size } from './figures'
import type { NodeRed, NodeStatus } from './node-red'

/** Milliseconds within which logs on disk are expected to be sent. */
const SOON = 5000

/** The status under sls-out: a key that each editor translates, or figures in the server's language. */
export function sinkNodeStatus(status: SinkStatus, RED: Pick<NodeRed, '_'>): NodeStatus {
  return { ...appearance(status, RED), sls: status }
}

function appearance(status: SinkStatus, RED: Pick<NodeRed, '_'>): NodeStatus {
  const values = {
    rate: grouped(status.logsPerSecond),
    logs: grouped(status.bufferedLogs + status.waitingLogs),
    flying: grouped(status.inFlight),
    size: size(status.bufferedBytes),
    percent: Math.round((100 * status.memory.used) / status.memory.limit),
    code: status.lastError?.code ?? '',
    disk: logsText(status.spool?.logs ?? 0, RED),
    diskSize: size(status.spool?.bytes ?? 0),
    age: duration((status.spool?.oldest ?? 0) / 1000)
  }
  if (status.dryRun !== undefined && status.state !== 'error') {
    return { fill: 'grey', shape: 'ring', text: RED._('sls-out.status.dryRun', values) }
  }
  const onDisk = spoolAppearance(status, values, RED)
  if (onDisk !== undefined) return onDisk
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

/** Undefined where the disk is of no interest. */
function spoolAppearance(
  { spool, state }: SinkStatus,
  values: Readonly<Record<string, unknown>>,
  RED: Pick<NodeRed, '_'>
): NodeStatus | undefined {
  if (spool === undefined || state === 'closed') return undefined
  if (spool.offline) return { fill: 'yellow', shape: 'ring', text: RED._('sls-out.status.offline', values) }
  if (spool.state === 'failing')
    return { fill: 'red', shape: 'ring', text: RED._('sls-out.status.noSpool', values) }
  if (spool.logs === 0 || state === 'error' || state === 'retrying') return undefined
  // What has just been written is on its way.
  if (spool.oldest < SOON) return undefined
  return { fill: 'green', shape: 'dot', text: RED._('sls-out.status.draining', values) }
}
