import { setImmediate as nextTurn } from 'node:timers/promises'
import type { RecordBlock } from '../engine/client/codec/log-group-list'
import type { Content, Log } from '../engine/client/model'
import type { Refusal, SourceBatch, SourceGroup } from '../engine/source/batch'
import { convertRecord, type FieldConversion } from './field-conversion'
import { nextMessageId } from './message-ids'
import type { NodeMessage } from './node-red'

export const outputs = ['log', 'group', 'fetch', 'raw'] as const
export type Output = (typeof outputs)[number]

export interface MessageOptions extends FieldConversion {
  output: Output
}

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

/** A log group as received, output `raw`; tags and contents in order, a key may occur more than once. */
export interface RawGroupPayload {
  topic: string
  source: string
  tags: readonly Content[]
  logs: readonly Log[]
}

type MessageMaker = (message: number) => NodeMessage

/** What is acknowledged as a whole: a log group, or a fetch with output `fetch`. */
export interface DeliveryUnit {
  /** `project/logstore/shard/cursor`. */
  readonly place: string
  /** `msg.sls.index` of its first message: 0, but with a query, where groups may share a cursor. */
  readonly firstIndex: number
  /** The place and the first index: the id of its first message. */
  readonly key: string
  /** Messages it becomes; 0 where it holds no log. */
  readonly messages: number
  /** Logs it holds: `msg.sls.count` of its messages. */
  readonly logs: number
  /**
   * Checks it and gives the maker of its messages, 0..messages - 1 in this order; where there is much to decode, the
   * event loop gets a turn now and then. @throws SlsError `CorruptBody`
   */
  open(): MessageMaker | Promise<MessageMaker>
  acknowledge(): void
  /** Asks for one of its messages again, after a while. */
  refuse(error: unknown, message: number): Refusal
}

/** A batch in the order of delivery. */
export function deliveryUnits(batch: SourceBatch, options: MessageOptions): DeliveryUnit[] {
  if (options.output === 'fetch') return [fetchUnit(batch, options)]
  const sequence = batch.delivery === 1 ? batch.groups.filter(({ logCount }) => logCount > 0) : []
  return batch.groups.map((group) => {
    const place = placeOf(batch, group.cursor)
    const key = `${place}/${group.firstIndex}`
    return {
      place,
      firstIndex: group.firstIndex,
      key,
      messages: group.logCount === 0 ? 0 : options.output === 'log' ? group.logCount : 1,
      logs: group.logCount,
      open: () => {
        if (options.output === 'log') return logMessages(batch, group, options, place, key)
        const message =
          options.output === 'raw' ? rawMessage(batch, group, key) : groupMessage(batch, group, options, key)
        const index = sequence.indexOf(group)
        const id = placeOf(batch, batch.cursor)
        if (index >= 0) message['parts'] = { id, type: 'array', index, count: sequence.length }
        return () => message
      },
      acknowledge: () => group.ack(),
      refuse: (error, message) => group.nack(error, options.output === 'log' ? message : undefined)
    }
  })
}

function placeOf(batch: SourceBatch, cursor: string): string {
  return `${batch.project}/${batch.logstore}/${batch.shard}/${cursor}`
}

/** Records that wait to be sent are copied by each collection of garbage, so few of them are decoded ahead. */
const decodedAtOnce = 128
/** Logs, and milliseconds, after which the event loop gets a turn while a whole fetch is decoded. */
const decodedInATurn = 2000
const turnTime = 5

/** The logs of a group, in ascending order. */
class RecordsInTurn {
  private readonly blocks: Iterator<RecordBlock>
  private block: RecordBlock = { records: [], times: [], timesNs: [] }
  /** Number of the block's first log. */
  private first = 0

  constructor(blocks: Iterable<RecordBlock>) {
    this.blocks = blocks[Symbol.iterator]()
  }

  at(log: number): { record: Record<string, string>; time: number; timeNs: number | undefined } {
    while (log >= this.first + this.block.records.length) {
      const next = this.blocks.next()
      if (next.done === true) throw new RangeError(`the group has no log ${log}`)
      this.first += this.block.records.length
      this.block = next.value
    }
    const { records, times, timesNs } = this.block
    const place = log - this.first
    return { record: records[place] ?? {}, time: times[place] ?? 0, timeNs: timesNs[place] }
  }
}

function logMessages(
  batch: SourceBatch,
  group: SourceGroup,
  options: MessageOptions,
  place: string,
  sequence: string
) {
  const logs = new RecordsInTurn(group.recordBlocks(decodedAtOnce))
  const { firstIndex, topic, tags, logCount: count } = group
  const frame = receivedFrom(batch, group, 0, undefined, '')
  const converts = options.parseJson || options.numbers
  return (message: number): NodeMessage => {
    const { record, time, timeNs } = logs.at(message)
    const index = firstIndex + message
    const sls = { ...frame }
    sls.index = index
    sls.time = time
    sls.tags = tagsRecord(tags)
    sls.id = `${place}/${index}`
    if (timeNs !== undefined) sls.timeNs = timeNs
    return {
      _msgid: nextMessageId(),
      topic,
      payload: converts ? convertRecord(record, options) : record,
      sls,
      parts: { id: sequence, type: 'array', index: message, count }
    }
  }
}

function groupMessage(
  batch: SourceBatch,
  group: SourceGroup,
  options: MessageOptions,
  id: string
): NodeMessage {
  const { records, times, timesNs } = group.records()
  const sls = receivedFrom(batch, group, times[0], timesNs[0], id)
  sls.times = times
  addTimesNs(sls, timesNs)
  return { topic: group.topic, payload: converted(records, options), sls }
}

function rawMessage(batch: SourceBatch, group: SourceGroup, id: string): NodeMessage {
  const logs = group.logs()
  const { topic, source, tags } = group
  const payload: RawGroupPayload = { topic, source, tags, logs }
  return { topic, payload, sls: receivedFrom(batch, group, logs[0]?.time, logs[0]?.timeNs, id) }
}

/** Named by its first log, so that a part of a fetch has a name of its own. */
function fetchUnit(batch: SourceBatch, options: MessageOptions): DeliveryUnit {
  const cursor = batch.groups[0]?.cursor ?? batch.cursor
  const firstIndex = batch.groups[0]?.firstIndex ?? 0
  const place = placeOf(batch, cursor)
  const key = `${place}/${firstIndex}`
  return {
    place,
    firstIndex,
    key,
    messages: batch.logCount === 0 ? 0 : 1,
    logs: batch.logCount,
    open: async () => {
      const message = await fetchMessage(batch, options, { cursor, index: firstIndex, id: key })
      return () => message
    },
    acknowledge: () => batch.ack(),
    refuse: (error) => batch.nack(error)
  }
}

async function fetchMessage(
  batch: SourceBatch,
  options: MessageOptions,
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
      payloads.push(converted(block.records, options))
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
  if (allTimesNs[0] !== undefined) sls.timeNs = allTimesNs[0]
  if (batch.receiveTime !== undefined) sls.receiveTime = batch.receiveTime
  if (batch.isReplay) sls.replay = true
  addTimesNs(sls, allTimesNs)
  return { topic: sls.topic, payload, sls }
}

/** One copy of exact size, where pushing would copy several times. */
function joined<Element>(arrays: Element[][]): Element[] {
  return arrays.length === 1 ? (arrays[0] ?? []) : ([] as Element[]).concat(...arrays)
}

function converted(records: Record<string, string>[], options: MessageOptions): Record<string, unknown>[] {
  if (!options.parseJson && !options.numbers) return records
  return records.map((record) => convertRecord(record, options))
}

function receivedFrom(
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
  if (timeNs !== undefined) sls.timeNs = timeNs
  if (batch.receiveTime !== undefined) sls.receiveTime = batch.receiveTime
  if (batch.isReplay) sls.replay = true
  return sls
}

/** JSON has no undefined: a log without nanoseconds has null. */
function addTimesNs(sls: ReceivedFrom, timesNs: readonly (number | undefined)[]): void {
  if (timesNs.some((timeNs) => timeNs !== undefined)) sls.timesNs = timesNs.map((timeNs) => timeNs ?? null)
}

/** A tag a key; where a key occurs again its last value stands, the raw output keeps them all. */
function tagsRecord(tags: readonly Content[]): Record<string, string> {
  const record: Record<string, string> = {}
  for (const [key, value] of tags) {
    if (key === '__proto__') Object.defineProperty(record, key, { value, enumerable: true, writable: true })
    else record[key] = value
  }
  return record
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
