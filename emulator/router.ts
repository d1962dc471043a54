import type { Action } from './actions/call'
import { createConsumerGroup } from './actions/create-consumer-group'
import { createIndex } from './actions/create-index'
import { createLogstore } from './actions/create-logstore'
import { createProject } from './actions/create-project'
import { deleteConsumerGroup } from './actions/delete-consumer-group'
import { deleteIndex } from './actions/delete-index'
import { deleteLogstore } from './actions/delete-logstore'
import { deleteProject } from './actions/delete-project'
import { deleteShard } from './actions/delete-shard'
import { getCheckpoints } from './actions/get-checkpoints'
import { getCursor } from './actions/get-cursor'
import { getCursorTime } from './actions/get-cursor-time'
import { getHistograms } from './actions/get-histograms'
import { getIndex } from './actions/get-index'
import { getLogs, getLogsV3 } from './actions/get-logs'
import { getLogstore } from './actions/get-logstore'
import { getProject } from './actions/get-project'
import { heartbeat } from './actions/heartbeat'
import { listConsumerGroups } from './actions/list-consumer-groups'
import { listLogstores } from './actions/list-logstores'
import { listProjects } from './actions/list-projects'
import { listShards } from './actions/list-shards'
import { mergeShards } from './actions/merge-shards'
import { pullLogs } from './actions/pull-logs'
import { putLogs, putLogsByKey } from './actions/put-logs'
import { splitShard } from './actions/split-shard'
import { updateCheckpoint } from './actions/update-checkpoint'
import { updateConsumerGroup } from './actions/update-consumer-group'
import { updateIndex } from './actions/update-index'
import { updateLogstore } from './actions/update-logstore'
import { updateProject } from './actions/update-project'
import type { EmulatorRequest } from './http/request'
import { parameterInvalid, ServiceError } from './service-error'

export interface Route {
  /** Name of the call, as the service's API reference has it. */
  readonly call: string
  readonly method: string
  /** Parts of the path; `:name` takes any. */
  readonly path: readonly string[]
  /** Only for these values of a query parameter, undefined where it is missing. */
  readonly when?: { readonly parameter: string; readonly values: readonly (string | undefined)[] }
  /** Only for the bare endpoint, where no project is named. */
  readonly bare?: true
  /** Changes more than the data of shards. */
  readonly changes?: true
  readonly action: Action
}

const SHARD = ['logstores', ':logstore', 'shards', ':shard']
const GROUPS = ['logstores', ':logstore', 'consumergroups']
const INDEX = ['logstores', ':logstore', 'index']

const when = (parameter: string, ...values: readonly (string | undefined)[]) => ({ parameter, values })

const ROUTES: readonly Route[] = [
  route('ListProject', 'GET', [], listProjects, { bare: true }),
  route('GetProject', 'GET', [], getProject),
  route('CreateProject', 'POST', [], createProject, { changes: true }),
  route('UpdateProject', 'PUT', [], updateProject, { changes: true }),
  route('DeleteProject', 'DELETE', [], deleteProject, { changes: true }),
  route('ListLogStores', 'GET', ['logstores'], listLogstores),
  route('CreateLogStore', 'POST', ['logstores'], createLogstore, { changes: true }),
  route('GetLogs', 'GET', ['logstores', ':logstore'], getLogs, { when: when('type', 'log') }),
  route('GetHistograms', 'GET', ['logstores', ':logstore'], getHistograms, {
    when: when('type', 'histogram')
  }),
  route('GetLogStore', 'GET', ['logstores', ':logstore'], getLogstore, { when: when('type', undefined) }),
  route('GetLogs', 'POST', ['logstores', ':logstore', 'logs'], getLogsV3),
  route('UpdateLogStore', 'PUT', ['logstores', ':logstore'], updateLogstore, { changes: true }),
  route('DeleteLogStore', 'DELETE', ['logstores', ':logstore'], deleteLogstore, { changes: true }),
  route('PutLogs', 'POST', ['logstores', ':logstore'], putLogs),
  route('PutLogs', 'POST', ['logstores', ':logstore', 'shards', 'lb'], putLogsByKey),
  route('PutLogs', 'POST', ['logstores', ':logstore', 'shards', 'route'], putLogsByKey),
  route('PutLogs', 'POST', ['prometheus', ':project', ':logstore', 'api', 'v1', 'write'], putLogs),
  route('ListShards', 'GET', ['logstores', ':logstore', 'shards'], listShards),
  route('PullLogs', 'GET', SHARD, pullLogs, { when: when('type', 'log', 'logs') }),
  route('PullLogs', 'HEAD', SHARD, pullLogs, { when: when('type', 'log', 'logs') }),
  route('GetCursor', 'GET', SHARD, getCursor, { when: when('type', 'cursor') }),
  route('GetCursorTime', 'GET', SHARD, getCursorTime, { when: when('type', 'cursor_time') }),
  route('SplitShard', 'POST', SHARD, splitShard, { changes: true, when: when('action', 'split') }),
  route('MergeShards', 'POST', SHARD, mergeShards, { changes: true, when: when('action', 'merge') }),
  route('DeleteShard', 'DELETE', SHARD, deleteShard, { changes: true }),
  route('ListConsumerGroup', 'GET', GROUPS, listConsumerGroups),
  route('CreateConsumerGroup', 'POST', GROUPS, createConsumerGroup, { changes: true }),
  route('GetCheckPoint', 'GET', [...GROUPS, ':group'], getCheckpoints),
  route('UpdateConsumerGroup', 'PUT', [...GROUPS, ':group'], updateConsumerGroup, { changes: true }),
  route('DeleteConsumerGroup', 'DELETE', [...GROUPS, ':group'], deleteConsumerGroup, { changes: true }),
  route('HeartBeat', 'POST', [...GROUPS, ':group'], heartbeat, { when: when('type', 'heartbeat') }),
  route('UpdateCheckPoint', 'POST', [...GROUPS, ':group'], updateCheckpoint, {
    changes: true,
    when: when('type', 'checkpoint')
  }),
  route('GetHistograms', 'GET', INDEX, getHistograms, { when: when('type', 'histogram') }),
  route('GetIndex', 'GET', INDEX, getIndex, { when: when('type', undefined) }),
  route('CreateIndex', 'POST', INDEX, createIndex, { changes: true }),
  route('UpdateIndex', 'PUT', INDEX, updateIndex, { changes: true }),
  route('DeleteIndex', 'DELETE', INDEX, deleteIndex, { changes: true })
]

/** Names of all calls, as faults and counts bear them. */
export const CALL_NAMES: ReadonlySet<string> = new Set(ROUTES.map(({ call }) => call))

export interface RoutedCall {
  readonly route: Route
  readonly params: Readonly<Record<string, string | undefined>>
}

/** By the number of parts in their path. */
const ROUTES_BY_LENGTH: readonly (readonly Route[])[] = Array.from({ length: 7 }, (_, length) =>
  ROUTES.filter(({ path }) => path.length === length)
)

/** Which call a request is; 405 where the path knows the method not, 404 where nothing has the path. */
export function routeRequest(request: EmulatorRequest, isBare: boolean): RoutedCall {
  const { segments } = request.target
  const onPath = (ROUTES_BY_LENGTH[segments.length] ?? []).flatMap((candidate) => {
    const params = matchPath(candidate.path, segments)
    return params === undefined || (candidate.bare === true && !isBare) ? [] : [{ route: candidate, params }]
  })
  if (onPath.length === 0) throw new ServiceError(404, 'BadRequest', `no resource ${request.target.path}`)
  const onMethod = onPath.filter(({ route: { method } }) => method === request.method)
  if (onMethod.length === 0) {
    throw new ServiceError(
      405,
      'InvalidMethod',
      `method ${request.method} is not allowed on ${request.target.path}`
    )
  }
  const routed = onMethod.find(({ route: { when: condition } }) => {
    return condition === undefined || condition.values.includes(request.query.text(condition.parameter))
  })
  if (routed !== undefined) return routed
  const parameter = onMethod[0]?.route.when?.parameter ?? ''
  throw parameterInvalid(`parameter ${parameter} is invalid: ${request.query.text(parameter) ?? 'missing'}`)
}

function matchPath(path: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (!path.every((part, i) => part.startsWith(':') || part === segments[i])) return undefined
  const params: Record<string, string> = {}
  for (const [i, part] of path.entries()) {
    if (part.startsWith(':')) params[part.slice(1)] = segments[i] ?? ''
  }
  return params
}

function route(
  call: string,
  method: string,
  path: readonly string[],
  action: Action,
  condition: Pick<Route, 'when' | 'bare' | 'changes'> = {}
): Route {
  return { call, method, path, action, ...condition }
}
