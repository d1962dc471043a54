import { SlsError } from '../errors'
import { percentEncode } from '../signable-request'

/** @throws SlsError `InvalidOption` where the name is missing or no text. */
export function logstorePath(logstore: string): string {
  return `/logstores/${segment('logstore', logstore)}`
}

/** @throws SlsError `InvalidOption` where the shard is not a whole number from 0. */
export function shardPath(logstore: string, shard: number): string {
  return `${logstorePath(logstore)}/shards/${checkedShard(shard)}`
}

export function consumerGroupsPath(logstore: string): string {
  return `${logstorePath(logstore)}/consumergroups`
}

export function consumerGroupPath(logstore: string, group: string): string {
  return `${consumerGroupsPath(logstore)}/${segment('consumerGroup', group)}`
}

export function checkedShard(shard: number): number {
  if (!Number.isSafeInteger(shard) || shard < 0) {
    throw new SlsError('InvalidOption', 'shard is not a shard id: expected a whole number from 0', {
      field: 'shard'
    })
  }
  return shard
}

function segment(field: string, name: string): string {
  if (typeof name !== 'string' || name.trim() === '') {
    throw new SlsError('InvalidOption', `${field} is missing`, { field })
  }
  if (/\p{Surrogate}/u.test(name)) {
    throw new SlsError('InvalidOption', `${field} is not a name: it holds half of a character`, { field })
  }
  return percentEncode(name)
}
