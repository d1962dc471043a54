import type { FaultState } from './faults'
import type { ShardQuotas } from './quota'
import type { Account } from './store/account'
import type { ShardInfo } from './store/shard'

export interface CallStats {
  calls: number
  errors: number
  bytesIn: number
  bytesOut: number
}

export interface ShardStats extends ShardInfo {
  groups: number
  logs: number
  bytes: number
  /** Decimal. */
  beginCursor: string
  endCursor: string
}

export interface LogstoreStats {
  shards: ShardStats[]
  consumerGroups: ConsumerGroupStats[]
}

export interface ConsumerGroupStats {
  name: string
  timeout: number
  order: boolean
  consumers: string[]
  shards: { shard: number; owner: string | undefined; checkpoint: string }[]
}

export interface EmulatorStats {
  /** Bytes of log data in memory, counted only where there is a limit. */
  memory: { used: number; limit: number | undefined }
  quotas: ShardQuotas | undefined
  faults: FaultState[]
  calls: Record<string, CallStats>
  errors: Record<string, number>
  projects: Record<string, Record<string, LogstoreStats>>
}

/** Counts of calls since the start. */
export class StatsCounter {
  readonly #calls = new Map<string, CallStats>()
  readonly #errors = new Map<string, number>()

  begin(call: string, bytesIn: number): { done(bytesOut: number): void; failed(code: string): void } {
    const stats = this.#calls.get(call) ?? { calls: 0, errors: 0, bytesIn: 0, bytesOut: 0 }
    this.#calls.set(call, stats)
    stats.calls++
    stats.bytesIn += bytesIn
    return {
      done: (bytesOut) => {
        stats.bytesOut += bytesOut
      },
      failed: (code) => {
        stats.errors++
        this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1)
      }
    }
  }

  snapshot(): Pick<EmulatorStats, 'calls' | 'errors'> {
    return {
      calls: Object.fromEntries([...this.#calls].map(([name, stats]) => [name, { ...stats }])),
      errors: Object.fromEntries(this.#errors)
    }
  }
}

export function describeStore(account: Account): EmulatorStats['projects'] {
  return Object.fromEntries(
    [...account.projects.values()].map((project) => [
      project.name,
      Object.fromEntries(
        [...project.logstores.values()].map((logstore) => [
          logstore.name,
          {
            shards: logstore.listShards().map((shard) => ({
              ...shard.info(),
              groups: shard.groupCount,
              logs: shard.logCount,
              bytes: shard.bytes,
              beginCursor: String(shard.begin),
              endCursor: String(shard.end)
            })),
            consumerGroups: [...logstore.consumerGroups.values()].map((group) => ({
              name: group.name,
              ...group.settings,
              consumers: [...group.consumers.keys()],
              shards: logstore.listShards().map(({ id }) => ({
                shard: id,
                owner: group.owners.get(id),
                checkpoint: group.checkpoints.get(id)?.checkpoint ?? ''
              }))
            }))
          }
        ])
      )
    ])
  )
}
