import { createAssigner, type ShardAssigner } from './assignment'
import { Commits } from './commits'
import { ConsumerGroupPlace } from './consumer-group'
import type { SourceEmitter } from './events'
import { GroupMembership, type MembershipHost } from './group-membership'
import type { SourceSettings } from './options'
import type { PersistentCalls } from './persistent-calls'
import type { SourceClient } from './source-client'

/** Seconds; what the Flink connector creates its groups with. Without heartbeats it has no effect. */
const unusedTimeout = 100

/** Who decides what is read, and what the consumer group is for. */
export interface GroupParts {
  readonly assigner: ShardAssigner
  /** Undefined where the consumer group does not assign. */
  readonly membership: GroupMembership | undefined
  /** Undefined where reading neither resumes there nor is committed. */
  readonly group: ConsumerGroupPlace | undefined
  /** Undefined where nothing is committed. */
  readonly commits: Commits | undefined
}

export interface GroupSurroundings {
  readonly settings: SourceSettings
  readonly client: SourceClient
  readonly calls: PersistentCalls
  readonly emitter: SourceEmitter
  readonly host: MembershipHost
  /** Ends all attempts. */
  readonly signal: AbortSignal
}

export function groupParts(surroundings: GroupSurroundings): GroupParts {
  const { settings, client, calls, emitter, signal } = surroundings
  const { assignment } = settings
  const group = groupPlace(surroundings)
  const isCommitting = settings.checkpointMode !== 'disabled'
  if (assignment.type !== 'group' || group === undefined) {
    const assigner = createAssigner(assignment)
    const commits = group && isCommitting ? new Commits(group, client, calls, emitter, signal) : undefined
    return { assigner, membership: undefined, group, commits }
  }
  const parts = { client, calls, group, settings: assignment, clock: settings.clock }
  const membership = new GroupMembership(parts, emitter, surroundings.host)
  const commits = new Commits(group, client, calls, emitter, signal, membership)
  return { assigner: membership, membership, group, commits }
}

function groupPlace({ settings, client, calls, emitter, signal }: GroupSurroundings) {
  const { assignment, checkpointMode, consumerGroup: name, inOrder, position } = settings
  const isCreated = checkpointMode !== 'disabled'
  if (name === undefined || !(isCreated || position.type === 'checkpoint')) return undefined
  const plan =
    assignment.type === 'group'
      ? { timeout: assignment.groupTimeout, order: inOrder, isUpdated: assignment.updateGroup }
      : { timeout: unusedTimeout, order: false, isUpdated: false }
  return new ConsumerGroupPlace({ name, isCreated, ...plan }, client, calls, emitter, signal)
}
