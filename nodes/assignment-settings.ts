import { longestTimer } from '../engine/client/option-checks'
import type { SourceOptions } from '../engine/source/options'
import type { Node, NodeRed } from './node-red'
import type { PropertyReader } from './properties'
import type { sourceDefaults } from './source-defaults'
import { typedValue } from './typed-value'

type Reader = PropertyReader<typeof sourceDefaults>
export type Assignment = NonNullable<SourceOptions['assignment']>

/** Reads how shards are shared out; the consumer of a group is empty where the node has yet to be given a name. */
export function readAssignment(RED: NodeRed, node: Node, reader: Reader): Assignment {
  const type = reader.choice('assignment', ['modulo', 'roundRobin', 'group', 'custom'])
  if (type === 'group') return readGroup(reader)
  const taskCount = reader.integer('taskCount', 1, 100_000)
  const taskIndex = readTaskIndex(reader, taskCount)
  if (type !== 'custom') return { type, taskIndex, taskCount }
  return { type, taskIndex, taskCount, assign: readExpression(RED, node, reader) }
}

function readGroup(reader: Reader): Assignment {
  const heartbeatInterval = reader.integer('heartbeatInterval', 10, longestTimer)
  const least = Math.ceil(heartbeatInterval / 500)
  const groupTimeout = reader.integer('groupTimeout', Math.max(1, least), 86_400)
  const consumer = reader.text('consumer')
  if (consumer !== '' && !/^[\w.:-]{1,128}$/.test(consumer)) reader.report('consumer', 'notMember')
  if (reader.text('consumerGroup') === '') reader.report('consumerGroup', 'missing')
  if (reader.text('checkpointMode') === 'disabled') {
    reader.report('checkpointMode', 'notChoice', { choices: 'onCheckpoints, periodic' })
  }
  return {
    type: 'group',
    consumer,
    heartbeatInterval,
    groupTimeout,
    handOverTimeout: reader.integer('handOverTimeout', 0, longestTimer),
    updateGroup: reader.flag('updateGroup')
  }
}

/** A number, or a name that ends in one as the members of a stateful set have it: `gateway-2`. */
function readTaskIndex(reader: Reader, taskCount: number): number {
  const text = reader.text('taskIndex')
  const ordinal = /^(?:.*-)?(\d+)$/s.exec(text)?.[1]
  const index = Number(ordinal ?? 0)
  if (text !== '' && ordinal === undefined) reader.report('taskIndex', 'notNumber')
  else if (index >= taskCount) reader.report('taskIndex', 'outOfRange', { least: 0, most: taskCount - 1 })
  return index
}

/** JSONata over `{logstore, shard, taskCount}`. */
function readExpression(RED: NodeRed, node: Node, reader: Reader) {
  const expression = reader.verbatim('assignmentExpression').trim()
  if (expression === '') {
    reader.report('assignmentExpression', 'missing')
    return () => 0
  }
  try {
    const value = typedValue(RED, node, expression, 'jsonata')
    return async (shard: { logstore: string; shardId: number; taskCount: number }): Promise<number> => {
      const { logstore, shardId, taskCount } = shard
      return (await value({ logstore, shard: shardId, taskCount })) as number
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    reader.report('assignmentExpression', 'invalid', { reason })
    return () => 0
  }
}
