import { types } from 'node:util'
import {
  callable,
  checkNames,
  having,
  invalid,
  isResourceName,
  longestTimer,
  type OptionNames,
  oneOf,
  truth,
  whole
} from '../client/option-checks'
import type { ClientOptions } from '../client/options'
import { checkRetryPolicy, type RetryPolicy } from '../client/retry'
import type { ProgressStore } from '../state/progress-store'
import type { ShardAssignment } from './assignment'
import { type AssignmentSettings, checkedAssignment } from './assignment-options'
import { type Clock, systemClock } from './clock'
import type { SourceClient } from './source-client'

/** Where the reading of a shard begins. */
export type StartPosition =
  | { type: 'begin' }
  | { type: 'end' }
  /** The consumer group's checkpoint, or the default position where there is none. */
  | { type: 'checkpoint' }
  /** The first log group received at or after this time, Unix seconds. */
  | { type: 'timestamp'; time: number }

/** A position that needs no other to fall back on. */
export type DefaultPosition = Exclude<StartPosition, { type: 'checkpoint' }>

/**
 * What is committed to the consumer group: `onCheckpoints` each durable snapshot, `periodic` every `commitInterval`
 * what is acknowledged, `disabled` nothing.
 */
export type CheckpointMode = 'onCheckpoints' | 'periodic' | 'disabled'

/** `skip`: the log is reported and passed; `stop`: its shard is read no further. */
export type PoisonPolicy = 'skip' | 'stop'

/** `earliest`: at the oldest log group there is; `latest`: at the next to come; `fail`: the shard is read no further. */
export type InvalidCursorPolicy = 'earliest' | 'latest' | 'fail'

export interface SourceOptions {
  /** A client, which the source does not close, or what to make one of. */
  client: SourceClient | ClientOptions
  /** One name, several, or an expression that the whole name must match. */
  logstores: string | readonly string[] | RegExp
  consumerGroup?: string | undefined
  /** `begin` where not given. Applies to shards that stand when a logstore is first seen and have no progress. */
  position?: StartPosition | undefined
  /** For position `checkpoint`; `begin` where not given. */
  defaultPosition?: DefaultPosition | undefined
  /** All shards where not given. */
  assignment?: ShardAssignment | undefined
  /** `onCheckpoints` where not given. */
  checkpointMode?: CheckpointMode | undefined
  /** ms between durable snapshots, 5000 where not given. */
  checkpointInterval?: number | undefined
  /** ms between commits in the mode `periodic`, 10000 where not given. */
  commitInterval?: number | undefined
  /** Where progress survives a restart; nowhere where not given. */
  state?: ProgressStore | undefined
  /**
   * How often something that the flow refused is delivered again before it is looked at more closely, and the log at
   * fault given up; -1 (the default) for ever.
   */
  maxRedeliveries?: number | undefined
  /** What becomes of a log that is given up: `skip` (the default) it, or `stop` its shard before it. Both are told. */
  onPoison?: PoisonPolicy | undefined
  /** ms after which what is not acknowledged counts as refused, 0 (the default) for never. */
  ackTimeout?: number | undefined
  /** Where reading goes on when its cursor is not valid any more; `earliest` where not given. */
  onInvalidCursor?: InvalidCursorPolicy | undefined
  /** Bytes delivered and not yet acknowledged, 0 (the default) for no limit beside `memoryLimit`. */
  maxInFlight?: number | undefined
  /** Bytes fetched and not yet acknowledged, all shards; 64 MiB where not given, 0 for no limit. */
  memoryLimit?: number | undefined
  /** Log groups a fetch, 1..1000, 100 where not given. */
  maxLogGroups?: number | undefined
  /** ms to wait at the end of a shard, 100 where not given; longer while nothing comes. */
  fetchInterval?: number | undefined
  /** ms between discoveries of shards, at least 10, 60000 where not given; 0: only when a shard ends or falls silent. */
  discoveryInterval?: number | undefined
  /** True (the default): the children of a split or merge wait until their parents are finished and acknowledged. */
  inOrder?: boolean | undefined
  /** Unix seconds: what is received from then on is not read, and the source is done when all before is. */
  stopTime?: number | undefined
  /** Consumer query (SPL) that the service filters with. */
  query?: string | undefined
  /** ms after which a fetch that neither succeeds nor fails is given up and its shard's reader replaced, 180000. */
  stallTimeout?: number | undefined
  /** ms that close may take for the last snapshot and commits, 10000 where not given. */
  closeTimeout?: number | undefined
  /** Where not given, as the client has it. */
  retry?: Partial<RetryPolicy> | undefined
  /** The machine's where not given. */
  clock?: Clock | undefined
  /** 0 up to 1, Math.random where not given. */
  random?: (() => number) | undefined
}

const sourceOptions: OptionNames<SourceOptions> = {
  client: true,
  logstores: true,
  consumerGroup: true,
  position: true,
  defaultPosition: true,
  assignment: true,
  checkpointMode: true,
  checkpointInterval: true,
  commitInterval: true,
  state: true,
  maxRedeliveries: true,
  onPoison: true,
  ackTimeout: true,
  onInvalidCursor: true,
  maxInFlight: true,
  memoryLimit: true,
  maxLogGroups: true,
  fetchInterval: true,
  discoveryInterval: true,
  inOrder: true,
  stopTime: true,
  query: true,
  stallTimeout: true,
  closeTimeout: true,
  retry: true,
  clock: true,
  random: true
}

const positionOptions: OptionNames<StartPosition> = { type: true, time: true }

/** Source options, checked and complete, without the client. */
export interface SourceSettings {
  readonly logstores: readonly string[] | RegExp
  readonly consumerGroup: string | undefined
  readonly position: StartPosition
  readonly defaultPosition: DefaultPosition
  readonly assignment: AssignmentSettings
  readonly checkpointMode: CheckpointMode
  readonly checkpointInterval: number
  readonly commitInterval: number
  readonly state: ProgressStore | undefined
  readonly maxRedeliveries: number
  readonly onPoison: PoisonPolicy
  readonly ackTimeout: number
  readonly onInvalidCursor: InvalidCursorPolicy
  readonly maxInFlight: number
  readonly memoryLimit: number
  readonly maxLogGroups: number
  readonly fetchInterval: number
  readonly discoveryInterval: number
  readonly inOrder: boolean
  readonly stopTime: number | undefined
  readonly query: string | undefined
  readonly stallTimeout: number
  readonly closeTimeout: number
  readonly retry: RetryPolicy
  readonly clock: Clock
  readonly random: () => number
}

/**
 * @throws SlsError `InvalidOption`; its `field` names the option, its message what was expected
 */
export function checkSourceOptions(options: SourceOptions, clientRetry: RetryPolicy): SourceSettings {
  checkNames(options, sourceOptions)
  const consumerGroup = checkedGroup(options.consumerGroup)
  const position = checkedPosition('position', options.position ?? { type: 'begin' })
  if (position.type === 'checkpoint' && consumerGroup === undefined) {
    throw invalid('consumerGroup', 'consumerGroup is missing: the position checkpoint needs it')
  }
  const checkpointMode = oneOf('checkpointMode', options.checkpointMode ?? 'onCheckpoints', [
    'onCheckpoints',
    'periodic',
    'disabled'
  ])
  const assignment = options.assignment ?? { type: 'modulo', taskIndex: 0, taskCount: 1 }
  return {
    logstores: checkedLogstores(options.logstores),
    consumerGroup,
    position,
    defaultPosition: checkedDefault('defaultPosition', options.defaultPosition ?? { type: 'begin' }),
    assignment: checkedAssignment(assignment, { consumerGroup, checkpointMode }),
    checkpointMode,
    checkpointInterval: whole('checkpointInterval', options.checkpointInterval ?? 5000, 10, longestTimer),
    commitInterval: whole('commitInterval', options.commitInterval ?? 10_000, 10, longestTimer),
    state: checkedStore(options.state),
    maxRedeliveries: whole('maxRedeliveries', options.maxRedeliveries ?? -1, -1, Number.MAX_SAFE_INTEGER),
    onPoison: oneOf('onPoison', options.onPoison ?? 'skip', ['skip', 'stop']),
    ackTimeout: whole('ackTimeout', options.ackTimeout ?? 0, 0, longestTimer),
    onInvalidCursor: oneOf('onInvalidCursor', options.onInvalidCursor ?? 'earliest', [
      'earliest',
      'latest',
      'fail'
    ]),
    maxInFlight: whole('maxInFlight', options.maxInFlight ?? 0, 0, Number.MAX_SAFE_INTEGER),
    memoryLimit: whole('memoryLimit', options.memoryLimit ?? 67_108_864, 0, Number.MAX_SAFE_INTEGER),
    maxLogGroups: whole('maxLogGroups', options.maxLogGroups ?? 100, 1, 1000),
    fetchInterval: whole('fetchInterval', options.fetchInterval ?? 100, 0, longestTimer),
    discoveryInterval: checkedDiscoveryInterval(options.discoveryInterval ?? 60_000),
    inOrder: truth('inOrder', options.inOrder ?? true),
    stopTime:
      options.stopTime === undefined ? undefined : Math.ceil(checkedTime('stopTime', options.stopTime)),
    query: checkedQuery(options.query),
    stallTimeout: whole('stallTimeout', options.stallTimeout ?? 180_000, 1, longestTimer),
    closeTimeout: whole('closeTimeout', options.closeTimeout ?? 10_000, 0, longestTimer),
    retry: checkRetryPolicy(options.retry, clientRetry),
    clock: having('clock', options.clock ?? systemClock, ['now', 'delay']),
    random: callable('random', options.random ?? Math.random)
  }
}

/** @throws SlsError `InvalidOption` */
export function checkedPosition(field: string, position: StartPosition | undefined): StartPosition {
  checkNames(position, positionOptions, field)
  switch (position?.type) {
    case 'begin':
    case 'end':
    case 'checkpoint':
      return { type: position.type }
    case 'timestamp':
      return { type: 'timestamp', time: Math.floor(checkedTime(field, position.time)) }
    default:
      throw invalid(field, `${field} must be of type begin, end, checkpoint or timestamp`)
  }
}

/** @throws SlsError `InvalidOption` */
export function checkedDefault(field: string, position: StartPosition): DefaultPosition {
  const checked = checkedPosition(field, position)
  if (checked.type !== 'checkpoint') return checked
  throw invalid(field, `${field} must be begin, end or timestamp, no checkpoint`)
}

function checkedLogstores(logstores: unknown): readonly string[] | RegExp {
  if (types.isRegExp(logstores)) {
    return new RegExp(`^(?:${logstores.source})$`, logstores.flags.replace(/[gy]/g, ''))
  }
  const names = Array.isArray(logstores) ? logstores : [logstores]
  const isWrong = (name: unknown) => !isResourceName(name)
  if (names.length === 0 || names[0] === '' || names[0] === undefined) {
    throw invalid('logstores', 'logstores is missing: expected a name, names or an expression')
  }
  if (names.some(isWrong)) {
    const wrong: unknown = names.find(isWrong)
    const told = typeof wrong === 'string' ? JSON.stringify(wrong) : `a value of type ${typeof wrong}`
    throw invalid(
      'logstores',
      `logstores: ${told} is no name of a logstore: expected letters, digits, hyphens and underscores`
    )
  }
  return [...new Set(names as string[])]
}

function checkedStore(store: ProgressStore | null | undefined): ProgressStore | undefined {
  return store === undefined || store === null ? undefined : having('state', store, ['load', 'save'])
}

function checkedGroup(group: unknown): string | undefined {
  if (group === undefined || group === null || group === '') return undefined
  if (isResourceName(group)) return group
  throw invalid('consumerGroup', 'consumerGroup must be a name of letters, digits, hyphens and underscores')
}

function checkedQuery(query: unknown): string | undefined {
  if (query === undefined || query === null) return undefined
  if (typeof query !== 'string') throw invalid('query', 'query must be a text')
  return query.trim() === '' ? undefined : query
}

/** The lower bound keeps a slip of the pen from flooding the service. */
function checkedDiscoveryInterval(interval: number): number {
  return interval === 0 ? 0 : whole('discoveryInterval', interval, 10, longestTimer)
}

function checkedTime(field: string, time: unknown): number {
  if (typeof time === 'number' && Number.isFinite(time) && time >= 0 && time <= 0xffff_ffff) return time
  throw invalid(field, `${field} must be a time in Unix seconds, 0 to 4294967295`)
}
