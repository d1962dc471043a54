import type { LogstoreInfo } from '../model'
import { checkedObject, optionalText } from '../option-checks'
import { JsonValue } from '../response-json'
import type { QueryParameter } from '../signable-request'
import type { ServiceCall, ServiceResponse } from '../signed-call'
import { logstorePath } from './resource-path'

/** Names a page; the most that the service gives at once. */
export const logstorePageSize = 500

export interface LogstorePage {
  names: string[]
  /** Of all pages. */
  total: number
}

/** @throws SlsError `InvalidOption` where the filter is no object, or what it contains no text */
export function listLogstoresCall(
  offset: number,
  filter: { contains?: string | undefined } | undefined
): ServiceCall {
  const contains = optionalText(
    'filter.contains',
    filter === undefined ? undefined : checkedObject('filter', filter).contains
  )
  const query: QueryParameter[] = [
    ['offset', String(offset)],
    ['size', String(logstorePageSize)]
  ]
  if (contains !== undefined && contains !== '') query.push(['logstoreName', contains])
  return { api: 'ListLogStores', method: 'GET', path: '/logstores', query }
}

export function readLogstorePage(response: ServiceResponse): LogstorePage {
  const page = JsonValue.of(response)
  return {
    names: page
      .get('logstores')
      .items()
      .map((name) => name.text()),
    total: page.get('total').natural()
  }
}

export function getLogstoreCall(logstore: string): ServiceCall {
  return { api: 'GetLogStore', logstore, method: 'GET', path: logstorePath(logstore) }
}

export function readLogstore(response: ServiceResponse): LogstoreInfo {
  const logstore = JsonValue.of(response)
  return {
    name: logstore.get('logstoreName').text(),
    ttl: logstore.get('ttl').natural(),
    shardCount: logstore.get('shardCount').natural()
  }
}
