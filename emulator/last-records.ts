import { parseLogGroup } from '../engine/client/codec/log-group-list'
import type { Account } from './store/account'
import type { Logstore } from './store/logstore'
import type { Shard } from './store/shard'

export interface LastRecord {
  shard: number
  /** Unix seconds. */
  time: number
  topic: string
  fields: Record<string, string>
}

const MAX_RECORDS = 8
const MAX_VALUE = 200

/** The newest logs of every logstore, by `project/logstore`, shortened for the page. */
export function lastRecords(account: Account): Record<string, LastRecord[]> {
  return Object.fromEntries(
    [...account.projects.values()].flatMap((project) =>
      [...project.logstores.values()].map((logstore) => [
        `${project.name}/${logstore.name}`,
        ofLogstore(logstore)
      ])
    )
  )
}

function ofLogstore(logstore: Logstore): LastRecord[] {
  return logstore
    .listShards()
    .flatMap(ofShard)
    .sort((a, b) => b.time - a.time)
    .slice(0, MAX_RECORDS)
}

function ofShard(shard: Shard): LastRecord[] {
  const group = shard.groupAt(shard.end - 1n)
  if (group === undefined) return []
  const view = parseLogGroup(group.body())
  return view
    .logs()
    .slice(-MAX_RECORDS)
    .reverse()
    .map(({ time, contents }) => ({
      shard: shard.id,
      time,
      topic: view.topic,
      fields: Object.fromEntries(contents.map(([key, value]) => [key, value.slice(0, MAX_VALUE)]))
    }))
}
