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
 * - `custom`: `assign` gives a whole number, taken modulo taskCount; it must give all readers the same. It is asked
 *   once for each shard, and again at each discovery as long as it fails.
 */
export type StaticAssignment =
  | { type: 'modulo'; taskIndex: number; taskCount: number }
  | { type: 'roundRobin'; taskIndex: number; taskCount: number }
  | {
      type: 'custom'
      taskIndex: number
      taskCount: number
      assign: (shard: AssignableShard) => number | Promise<number>
    }

/** SLS's own consumer group decides which of any number of members reads which shard. */
export interface GroupAssignment {
  type: 'group'
  /** Names this member; no other member of the group may have the same name. */
  consumer: string
  /** ms between heartbeats, at least 10, 5000 where not given. */
  heartbeatInterval?: number | undefined
  /** Seconds without a heartbeat after which a member loses its shards, 60 where not given. */
  groupTimeout?: number | undefined
  /** ms that the flow gets to acknowledge what it has of a shard that goes to another member, 30000 where not given. */
  handOverTimeout?: number | undefined
  /** True: an existing group gets this time-out and this order; false (the default): it stays as it is. */
  updateGroup?: boolean | undefined
}

/** Decided by place (`StaticAssignment`), or by the service among all members of the consumer group. */
export type ShardAssignment = StaticAssignment | GroupAssignment

/** Decides which shards this reader reads. */
export interface ShardAssigner {
  /** Names the decision: where it differs, a shard may have been read by somebody else meanwhile. */
  readonly description: string
  /** Somebody else may have read any shard that this reader gets, whatever its name. */
  readonly isShared: boolean
  /** Makes up its mind about shards that were just listed. Never rejects. */
  prepare(logstore: string, shards: readonly Shard[]): Promise<void>
  /** False as long as nothing is decided. */
  isReady(logstore: string): boolean
  /** False where shards are on their way to other readers. */
  isSettled(logstore: string): boolean
  /** @throws SlsError `InvalidOption` where no decision can be made; the shard is then not read. */
  owns(logstore: string, shard: Shard): boolean
  /** The shards that were assigned by name, listed or not; none where each is decided when it is listed. */
  held(logstore: string): number[]
  /** The service knows no such logstore. */
  absent(logstore: string): void
}

/** @throws SlsError `InvalidOption` where only a consumer group can decide */
export function createAssigner(assignment: ShardAssignment): ShardAssigner {
  if (assignment.type === 'group') {
    throw new SlsError('InvalidOption', 'assignment: the group needs a consumerGroup', {
      field: 'assignment'
    })
  }
  const { type, taskIndex, taskCount } = assignment
  const custom = type === 'custom' ? new CustomSlots(assignment) : undefined
  const slotOf = (logstore: string, shard: Shard): number => {
    if (custom !== undefined) return custom.of(logstore, shard)
    return type === 'modulo' ? shard.shardId : firstSlot(logstore) + shard.shardId
  }
  return {
    description: `${type} ${taskIndex}/${taskCount}`,
    isShared: false,
    prepare: async (logstore, shards) => custom?.prepare(logstore, shards),
    isReady: () => true,
    isSettled: () => true,
    owns: (logstore, shard) => modulo(slotOf(logstore, shard), taskCount) === taskIndex,
    held: () => [],
    absent: () => undefined
  }
}

/** What a custom assignment said of each shard. */
class CustomSlots {
  readonly #assignment: StaticAssignment & { type: 'custom' }
  readonly #slots = new Map<string, number | SlsError>()

  constructor(assignment: StaticAssignment & { type: 'custom' }) {
    this.#assignment = assignment
  }

  async prepare(logstore: string, shards: readonly Shard[]): Promise<void> {
    for (const shard of shards) {
      const key = `${logstore}/${shard.shardId}`
      if (typeof this.#slots.get(key) !== 'number') this.#slots.set(key, await this.#ask(logstore, shard))
    }
  }

  of(logstore: string, shard: Shard): number {
    const slot = this.#slots.get(`${logstore}/${shard.shardId}`)
    if (typeof slot === 'number') return slot
    throw slot ?? this.#invalid(logstore, shard, 'nothing was decided')
  }

  async #ask(logstore: string, shard: Shard): Promise<number | SlsError> {
    const { assign, taskCount } = this.#assignment
    try {
      const slot: unknown = await assign({ ...shard, logstore, taskCount })
      if (typeof slot === 'number' && Number.isSafeInteger(slot)) return slot
      return this.#invalid(logstore, shard, 'the custom assignment gave no whole number')
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : 'no error given'
      return this.#invalid(logstore, shard, `the custom assignment failed (${reason})`, cause)
    }
  }

  #invalid(logstore: string, shard: Shard, message: string, cause?: unknown): SlsError {
    return new SlsError('InvalidOption', `assignment: ${message} for shard ${shard.shardId} of ${logstore}`, {
      field: 'assignment',
      hint: 'Until it gives a whole number the shard is not read',
      cause
    })
  }
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
