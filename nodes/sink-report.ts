import type { SlsSink } from '../engine/sink/sink'
import { grouped, logsText } from './figures'
import { errorFacts, toNodeError } from './node-error'
import type { Node, NodeRed } from './node-red'
import { reportSpool } from './spool-report'

/** Failed attempts after which trouble is no passing one any more; other errors than outages soon fail the message. */
const passing = { transient: 2, ordinary: 5, never: 0 } as const

/**
 * Tells the flow and the log what the sink meets beyond single messages: a logstore out of reach goes to Catch nodes
 * once an episode, before the retries are used up; its recovery and a filling buffer to the log.
 */
export function reportSink(sink: SlsSink, node: Node, project: string, RED: Pick<NodeRed, '_'>): void {
  reportSpool(sink, node, project, RED)
  const troubled = new Set<string>()

  sink.on('retry', ({ error, logstore, attempt, logs }) => {
    node.debug(`${logstore}: attempt ${attempt} for ${logsText(logs, RED)}: ${error.describe()}`)
    if (attempt <= passing[error.retryability] || troubled.has(logstore)) return
    troubled.add(logstore)
    node.error(toNodeError(error), {
      topic: logstore,
      sls: { project, logstore, retrying: true, ...errorFacts(error) }
    })
  })
  sink.on('recovered', ({ logstore, after }) => {
    if (troubled.delete(logstore)) node.log(`${logstore}: recovered after ${Math.round(after / 1000)} s`)
  })
  sink.on('dropped', ({ logstore, logs }) => {
    node.warn(`${logstore}: ${logsText(logs, RED)} dropped to make room for newer ones`)
  })
  sink.on('highWater', ({ used, limit }) => {
    node.warn(`the buffer is filling: ${grouped(used)} of ${grouped(limit)} bytes`)
  })
  sink.on('lowWater', () => {
    node.log('the buffer has room again')
  })
}
