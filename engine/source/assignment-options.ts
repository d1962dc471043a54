import {
  checkedObject,
  checkNames,
  invalid,
  longestTimer,
  type OptionNames,
  truth,
  whole
} from '../client/option-checks'
import type { GroupAssignment, ShardAssignment, StaticAssignment } from './assignment'

/** Complete. */
export interface GroupSettings {
  readonly type: 'group'
  readonly consumer: string
  readonly heartbeatInterval: number
  readonly groupTimeout: number
  readonly handOverTimeout: number
  readonly updateGroup: boolean
}

export type AssignmentSettings = StaticAssignment | GroupSettings

/** What of the other options an assignment depends on. */
export interface AssignmentSurroundings {
  readonly consumerGroup: string | undefined
  readonly checkpointMode: string
}

const staticOptions: OptionNames<StaticAssignment> = {
  type: true,
  taskIndex: true,
  taskCount: true,
  assign: true
}

const groupOptions: OptionNames<GroupAssignment> = {
  type: true,
  consumer: true,
  heartbeatInterval: true,
  groupTimeout: true,
  handOverTimeout: true,
  updateGroup: true
}

/** @throws SlsError `InvalidOption` */
export function checkedAssignment(
  assignment: ShardAssignment,
  surroundings: AssignmentSurroundings
): AssignmentSettings {
  checkedObject('assignment', assignment)
  const { type } = assignment
  if (type === 'group') return checkedGroup(assignment, surroundings)
  if (type !== 'modulo' && type !== 'roundRobin' && type !== 'custom') {
    throw invalid('assignment', 'assignment must be of type modulo, roundRobin, custom or group')
  }
  checkNames(assignment, staticOptions, 'assignment')
  if (type === 'custom' && typeof assignment.assign !== 'function') {
    throw invalid('assignment', 'assignment of type custom needs a function assign')
  }
  whole('taskCount', assignment.taskCount, 1, 100_000)
  whole('taskIndex', assignment.taskIndex, 0, assignment.taskCount - 1)
  return assignment
}

function checkedGroup(
  assignment: GroupAssignment,
  { consumerGroup, checkpointMode }: AssignmentSurroundings
): GroupSettings {
  checkNames(assignment, groupOptions, 'assignment')
  if (consumerGroup === undefined) {
    throw invalid('consumerGroup', 'consumerGroup is missing: the assignment group needs it')
  }
  if (checkpointMode === 'disabled') {
    throw invalid(
      'checkpointMode',
      'checkpointMode must not be disabled with the assignment group: whoever gets a shard goes on at its checkpoint'
    )
  }
  const heartbeatInterval = whole('heartbeatInterval', assignment.heartbeatInterval ?? 5000, 10, longestTimer)
  const groupTimeout = whole('groupTimeout', assignment.groupTimeout ?? 60, 1, 86_400)
  if (groupTimeout * 1000 < 2 * heartbeatInterval) {
    throw invalid(
      'groupTimeout',
      `groupTimeout must be at least twice the heartbeatInterval: ${Math.ceil(heartbeatInterval / 500)} seconds`
    )
  }
  return {
    type: 'group',
    consumer: checkedConsumer(assignment.consumer),
    heartbeatInterval,
    groupTimeout,
    handOverTimeout: whole('handOverTimeout', assignment.handOverTimeout ?? 30_000, 0, longestTimer),
    updateGroup: truth('updateGroup', assignment.updateGroup ?? false)
  }
}

function checkedConsumer(consumer: unknown): string {
  if (typeof consumer === 'string' && /^[\w.:-]{1,128}$/.test(consumer)) return consumer
  throw invalid(
    'consumer',
    'consumer must be a name of 1 to 128 letters, digits, hyphens, underscores, dots and colons'
  )
}
