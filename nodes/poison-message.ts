import { reasonText } from '../engine/source/reason'
import type { SourceEvents } from '../engine/source/source'
import { errorFacts } from './node-error'
import type { NodeMessage } from './node-red'

/**
 * What a Catch node gets of a log that was given up: as `msg.payload` the log as received, in the form of the output
 * `raw` that sls-out writes as it is; or the bytes of a log group that cannot be decoded.
 */
export function poisonMessage(poison: SourceEvents['poison'], project: string): NodeMessage {
  const { logstore, shard, cursor, index, refusals, stopped, error, reason, log, group } = poison
  const place = `${project}/${logstore}/${shard}/${cursor}`
  const { topic = '', source = '' } = group ?? {}
  const sls = {
    ...errorFacts(error),
    project,
    logstore,
    shard,
    cursor,
    ...(index === undefined ? {} : { index, id: `${place}/${index}` }),
    ...(log === undefined ? {} : { time: log.time, timeNs: log.timeNs }),
    topic,
    source,
    refusals,
    stopped,
    reason: reasonText(reason)
  }
  const tags = group?.tags ?? []
  const payload =
    log === undefined ? group && Buffer.from(group.encoded) : { topic, source, tags, logs: [log] }
  return { topic, payload, sls }
}
