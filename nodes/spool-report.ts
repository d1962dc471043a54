import type { SlsSink } from '../engine/sink/sink'
import { grouped, logsText } from './figures'
import { errorFacts, toNodeError } from './node-error'
import type { Node, NodeRed } from './node-red'

/**
 * Tells the flow of what concerns the logs on disk, whose messages are done: what is lost of them or refused, and that
 * the disk cannot be used. Catch nodes get the facts in `msg.sls`.
 */
export function reportSpool(sink: SlsSink, node: Node, project: string, RED: Pick<NodeRed, '_'>): void {
  const text = (key: string, values: Readonly<Record<string, unknown>>) =>
    RED._(`sls-out.error.${key}`, values)
  const fail = (code: string, message: string, facts: Readonly<Record<string, unknown>>) => {
    const { logstore } = facts
    const topic = typeof logstore === 'string' ? logstore : ''
    const error = Object.assign(new Error(message), { name: code, code, cause: { code, ...facts } })
    node.error(error, { topic, sls: { project, code, ...facts } })
  }

  sink.on('spoolTrouble', ({ error }) => {
    node.error(toNodeError(error), { topic: '', sls: { project, ...errorFacts(error) } })
  })
  sink.on('spoolRecovered', ({ path }) => {
    node.log(`${path}: the spool can be used`)
  })
  sink.on('spoolDamage', ({ path, file, kind, bytes, logs }) => {
    const values = { path, file, bytes: grouped(bytes), logs: logsText(logs, RED) }
    if (kind === 'cut') node.warn(text('spoolCut', values))
    else
      fail('SpoolDamaged', text(kind === 'damaged' ? 'spoolDamaged' : 'spoolVanished', values), {
        path,
        file,
        bytes,
        logs
      })
  })
  sink.on('spoolExpired', ({ logstore, logs, since }) => {
    const values = { logstore, logs: logsText(logs, RED), since: new Date(since).toISOString() }
    fail('Expired', text('spoolExpired', values), { logstore, logs, since })
  })
  sink.on('spoolRejected', ({ error, logstore, logs, file }) => {
    const values = { logstore, logs: logsText(logs, RED), file, reason: error.describe() }
    const message = text(file === undefined ? 'spoolRejectedLost' : 'spoolRejected', values)
    fail(error.code, message, { ...errorFacts(error), logstore, logs, file })
  })
}
