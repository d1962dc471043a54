import { emptyReply } from '../http/reply'
import { ServiceError } from '../service-error'
import type { LogstoreSettings } from '../store/settings'
import type { JsonBody } from '../wire/json-body'
import type { Action } from './call'

const CODE = 'LogStoreInfoInvalid'
const MAX_SHARDS = 100
const DEFAULT_SHARDS = 2
/** Further properties that SDKs send. */
const KNOWN = new Set([
  'archiveSeconds',
  'encrypt_conf',
  'hot_ttl',
  'infrequentAccessTTL',
  'mode',
  'processorId',
  'resourceQuota',
  'telemetryType'
])
/** What the Java SDK writes for a limit that was not set. */
const UNSET = -1

export const createLogstore: Action = async (call) => {
  const { project } = call
  const body = await call.json(CODE)
  const name = body.requiredText('logstoreName')
  const shardCount = body.integer('shardCount', 1, MAX_SHARDS) ?? DEFAULT_SHARDS
  project.createLogstore(name, shardCount, readSettings(body, call.context.rules.strict))
  return emptyReply()
}

/** The properties that a create or update body sets. */
export function readSettings(body: JsonBody, strict: boolean): Partial<LogstoreSettings> {
  const ttl = body.integer('ttl', 1, 3650)
  const maxSplitShard = body.integer('maxSplitShard', UNSET, 256)
  const flags = (['enable_tracking', 'autoSplit', 'appendMeta'] as const).flatMap((name) => {
    const value = body.flag(name)
    return value === undefined ? [] : [[name, value] as const]
  })
  const others = body.others(
    'logstoreName',
    'shardCount',
    'ttl',
    'maxSplitShard',
    'enable_tracking',
    'autoSplit',
    'appendMeta',
    'createTime',
    'lastModifyTime',
    'productType'
  )
  const redundant = Object.keys(others).find((name) => !KNOWN.has(name))
  if (strict && redundant !== undefined) {
    throw new ServiceError(400, CODE, `redundant key exist in json : ${redundant}`)
  }
  return {
    ...Object.fromEntries(Object.entries(others).filter(([, value]) => value !== null)),
    ...Object.fromEntries(flags),
    ...(ttl === undefined ? {} : { ttl }),
    ...(maxSplitShard === undefined || maxSplitShard === UNSET ? {} : { maxSplitShard })
  }
}
