import type { Content } from '../engine/client/model'
import type { SourceBatch, SourceGroup } from '../engine/source/batch'

/** `msg.sls`: where what the message holds stands in SLS. Plain JSON, so that it survives cloning and links. */
export interface ReceivedFrom {
  project: string
  logstore: string
  shard: number
  /** Of the log group, or of the fetch with output `fetch`. */
  cursor: string
  nextCursor: string
  /** Of the (first) log within its group. Counted through the fetch where a query ran. */
  index: number
  /** Logs in the group, or in the fetch. */
  count: number
  /** Unix seconds; of the first log where there are more. */
  time: number
  timeNs?: number
  source: string
  topic: string
  tags: Record<string, string>
  /** Unix seconds at which SLS received it. */
  receiveTime?: number
  /** Unique, and the same at each redelivery. */
  id: string
  /** Read once more because somebody asked for the range; absent otherwise. */
  replay?: true
  /** Of each element of the payload, outputs `group` and `fetch`. */
  times?: number[]
  timesNs?: (number | null)[]
  /** The groups whose logs the payload holds one after the other, output `fetch`. */
  groups?: ReceivedGroup[]
}

export interface ReceivedGroup {
  cursor: string
  /** Of its first log: `cursor` and the index of each log name it. */
  index: number
  count: number
  topic: string
  source: string
  tags: Record<string, string>
}

/**
 * The frame that all messages of a group share.
 * @param time Unix seconds of the message's first log
 * @param timeNs its nanoseconds within the second
 */
export function receivedFrom(
  batch: SourceBatch,
  group: SourceGroup,
  time: number | undefined,
  timeNs: number | undefined,
  id: string
): ReceivedFrom {
  const sls: ReceivedFrom = {
    project: batch.project,
    logstore: batch.logstore,
    shard: batch.shard,
    cursor: group.cursor,
    nextCursor: group.nextCursor,
    index: group.firstIndex,
    count: group.logCount,
    time: time ?? 0,
    source: group.source,
    topic: group.topic,
    tags: tagsRecord(group.tags),
    id
  }
  addOptional(sls, batch, timeNs)
  return sls
}

/** Adds what is absent where it does not apply. */
export function addOptional(sls: ReceivedFrom, batch: SourceBatch, timeNs: number | undefined): void {
  if (timeNs !== undefined) sls.timeNs = timeNs
  if (batch.receiveTime !== undefined) sls.receiveTime = batch.receiveTime
  if (batch.isReplay) sls.replay = true
}

/** JSON has no undefined: a log without nanoseconds has null. */
export function addTimesNs(sls: ReceivedFrom, timesNs: readonly (number | undefined)[]): void {
  if (timesNs.some((timeNs) => timeNs !== undefined)) sls.timesNs = timesNs.map((timeNs) => timeNs ?? null)
}

/** A tag a key; where a key occurs again its last value stands, the raw output keeps them all. */
export function tagsRecord(tags: readonly Content[]): Record<string, string> {
  const record: Record<string, string> = {}
  for (const [key, value] of tags) {
    if (key === '__proto__') Object.defineProperty(record, key, { value, enumerable: true, writable: true })
    else record[key] = value
  }
  return record
}
