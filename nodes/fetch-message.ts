import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SourceBatch } from '../engine/source/batch'
import { convertRecords, type FieldConversion } from './field-conversion'
import type { NodeMessage } from './node-red'
import { addOptional, addTimesNs, type ReceivedFrom, type ReceivedGroup, tagsRecord } from './received-from'

/** Logs, and milliseconds, after which the event loop gets a turn while a whole fetch is decoded. */
const decodedInATurn = 2000
const turnTime = 5

/**
 * The message that holds all logs of a fetch. The event loop gets a turn now and then.
 * @param name the first log, which names the message
 * @throws SlsError `CorruptBody`
 */
export async function fetchMessage(
  batch: SourceBatch,
  options: FieldConversion,
  name: Pick<ReceivedFrom, 'cursor' | 'index' | 'id'>
): Promise<NodeMessage> {
  const payloads: Record<string, unknown>[][] = []
  const times: number[][] = []
  const timesNs: (number | undefined)[][] = []
  const groups: ReceivedGroup[] = []
  let began = performance.now()
  for (const group of batch.groups) {
    const blocks = group.logCount > decodedInATurn ? group.recordBlocks(decodedInATurn) : [group.records()]
    for (const block of blocks) {
      payloads.push(convertRecords(block.records, options))
      times.push(block.times)
      timesNs.push(block.timesNs)
      if (performance.now() - began < turnTime) continue
      await nextTurn()
      began = performance.now()
    }
    const { cursor, firstIndex: index, topic, source, logCount: count } = group
    groups.push({ cursor, index, count, topic, source, tags: tagsRecord(group.tags) })
  }
  const payload = joined(payloads)
  const allTimes = joined(times)
  const allTimesNs = joined(timesNs)
  const sls: ReceivedFrom = {
    project: batch.project,
    logstore: batch.logstore,
    shard: batch.shard,
    cursor: name.cursor,
    nextCursor: batch.groups.at(-1)?.nextCursor ?? batch.nextCursor,
    index: name.index,
    count: payload.length,
    time: allTimes[0] ?? 0,
    source: common(groups, (group) => group.source),
    topic: common(groups, (group) => group.topic),
    tags: commonTags(groups),
    id: name.id,
    times: allTimes,
    groups
  }
  addOptional(sls, batch, allTimesNs[0])
  addTimesNs(sls, allTimesNs)
  return { topic: sls.topic, payload, sls }
}

/** One copy of exact size, where pushing would copy several times. */
function joined<Element>(arrays: Element[][]): Element[] {
  return arrays.length === 1 ? (arrays[0] ?? []) : ([] as Element[]).concat(...arrays)
}

/** The value that all groups share, else an empty text. */
function common(groups: readonly ReceivedGroup[], text: (group: ReceivedGroup) => string): string {
  const [first] = groups
  if (first === undefined) return ''
  const value = text(first)
  return groups.every((group) => text(group) === value) ? value : ''
}

function commonTags(groups: readonly ReceivedGroup[]): Record<string, string> {
  const shared = common(groups, (group) => JSON.stringify(group.tags))
  return shared === '' ? {} : { ...groups[0]?.tags }
}
