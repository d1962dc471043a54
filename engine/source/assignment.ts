import { SlsError } from '../client/errors'
import type { Shard } from '../client/model'

/** What a custom assignment decides on. */
export interface AssignableShard extends Shard {
  readonly logstore: string
  readonly taskCount: number
}

/**
 * Which of `taskCount` readers reads which shard. All of them must be given the same assignment and each its own
 * `taskIndex`, 0..taskCount-1.
 * - `modulo`: shard id modulo taskCount.
 * - `roundRobin`: the shards of a logstore in turn, each logstore beginning with another reader, so that many small
 *   logstores spread as well. It depends on names and ids alone, never on which shards stand at the moment: a shard
 *   keeps its reader whatever is split or merged around it.
 * - `custom`: `assign` gives a whole number, taken modulo taskCount; it must give all readers the same.
 */
export type ShardAssignment =
  | { type: 'modulo'; taskIndex: number; taskCount: number }
  | { type: 'roundRobin'; taskIndex: number; taskCount: number }
  | { type: 'custom'; taskIndex: number; taskCount: number; assign: (shard: AssignableShard) => number }

/** Decides which shards this reader reads. */
export interface ShardAssigner {
  /** Names the decision: where it differs, a shard may have been read by somebody else meanwhile. */
  readonly description: string
  /** @throws SlsError `InvalidOption` where no decision can be made; the shard is then not read. */
  owns(logstore: string, shard: Shard): boolean
}

export function createAssigner(assignment: ShardAssignment): ShardAssigner {
  const { type, taskIndex, taskCount } = assignment
  return {
    description: `${type} ${taskIndex}/${taskCount}`,
    owns: (logstore, shard) => modulo(slotOf(assignment, logstore, shard), taskCount) === taskIndex
  }
}

function slotOf(assignment: ShardAssignment, logstore: string, shard: Shard): number {
  switch (assignment.type) {
    case 'modulo':
      return shard.shardId
    case 'roundRobin':
      return firstSlot(logstore) + shard.shardId
    case 'custom':
      return customSlot(assignment, logstore, shard)
  }
}

function customSlot(
  assignment: ShardAssignment & { type: 'custom' },
  logstore: string,
  shard: Shard
): number {
  const invalid = (message: string, cause?: unknown) =>
    new SlsError('InvalidOption', `assignment: ${message} for shard ${shard.shardId} of ${logstore}`, {
      field: 'assignment',
      hint: 'Until it gives a whole number the shard is not read',
      cause
    })
  let slot: unknown
  try {
    slot = assignment.assign({ ...shard, logstore, taskCount: assignment.taskCount })
  } catch (cause) {
    throw invalid(
      `the custom assignment failed (${cause instanceof Error ? cause.message : 'no error given'})`,
      cause
    )
  }
  if (typeof slot !== 'number' || !Number.isSafeInteger(slot)) {
    throw invalid('the custom assignment gave no whole number')
  }
  return slot
}

/** The same for all readers: FNV-1a of the name. */
function firstSlot(logstore: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(logstore, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash
}

function modulo(value: number, count: number): number {
  return ((value % count) + count) % count
}
