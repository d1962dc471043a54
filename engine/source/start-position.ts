import { decodeCursor } from '../client/cursor'
import type { CursorPosition, Shard, ShardCheckpoint } from '../client/model'
import type { ShardProgress } from '../state/progress-snapshot'
import type { StartOrigin } from './events'
import type { Range } from './ledger'
import { ancestorsOf } from './lineage'
import type { DefaultPosition, StartPosition } from './options'

/** Where the reading of a shard begins. */
export interface Start {
  readonly position: bigint
  readonly origin: StartOrigin
  /** Ranges beyond the position that are acknowledged already. */
  readonly acked: readonly Range[]
  /** What lies before it is read once more because somebody asked for it. */
  readonly replayUntil?: bigint | undefined
}

/** A start that the service has yet to be asked for. */
export interface StartRequest {
  readonly from: CursorPosition
  readonly origin: StartOrigin
}

/**
 * Where reading goes on: after the local progress, else after the group's checkpoint. Where somebody else may have
 * read the shard meanwhile, whichever of the two is further.
 * @returns undefined where there is neither
 */
export function resume(
  local: ShardProgress | undefined,
  checkpoint: ShardCheckpoint | undefined,
  hasMoved: boolean
): Start | undefined {
  const kept = local && localStart(local)
  const group = checkpoint && decoded(checkpoint.cursor)
  if (kept === undefined)
    return group === undefined ? undefined : { position: group, origin: 'group', acked: [] }
  if (group === undefined || !hasMoved || group <= kept.position) return kept
  return { position: group, origin: 'group', acked: kept.acked.filter(([, to]) => to > group) }
}

/**
 * Where a shard without any progress begins.
 * @param isChild it was born after its logstore was first read: all that is in it is new
 */
export function beginning(
  position: StartPosition,
  fallback: DefaultPosition,
  isChild: boolean
): StartRequest {
  if (isChild) return { from: 'begin', origin: 'child' }
  if (position.type === 'checkpoint') return { from: cursorPosition(fallback), origin: 'default' }
  return { from: cursorPosition(position), origin: 'position' }
}

/** True where the group's checkpoints tell that its reading began before the shard was born. */
export function isYoungerThanGroup(
  shard: Shard,
  listed: readonly Shard[],
  checkpoints: ReadonlyMap<number, ShardCheckpoint>
): boolean {
  if (checkpoints.has(shard.shardId)) return false
  if (ancestorsOf(shard, listed).some((ancestor) => checkpoints.has(ancestor.shardId))) return true
  return [...checkpoints.values()].some(
    ({ updateTime }) => updateTime > 0 && updateTime < shard.createTime * 1000
  )
}

export function cursorPosition(position: DefaultPosition): CursorPosition {
  return position.type === 'timestamp' ? position.time : position.type
}

/** Where reading stands apart from what is read once more. */
export function withoutReplay(start: Start): Start {
  const { position, acked, replayUntil } = start
  if (replayUntil === undefined || replayUntil <= position) return start
  const passed = acked.find(([from, to]) => from <= replayUntil && replayUntil < to)
  const live = passed === undefined ? replayUntil : passed[1]
  return { position: live, origin: start.origin, acked: acked.filter(([from]) => from > live) }
}

function localStart({ cursor, acked, replayUntil }: ShardProgress): Start | undefined {
  const position = decoded(cursor)
  if (position === undefined) return undefined
  const ranges = (acked ?? []).map(([from, to]) => [decoded(from), decoded(to)] as const)
  return {
    position,
    origin: 'local',
    acked: ranges.filter(isRange),
    ...(replayUntil === undefined ? {} : { replayUntil: decoded(replayUntil) })
  }
}

function isRange(range: readonly [bigint | undefined, bigint | undefined]): range is Range {
  return range[0] !== undefined && range[1] !== undefined
}

function decoded(cursor: string): bigint | undefined {
  try {
    return decodeCursor(cursor)
  } catch {
    return undefined
  }
}
