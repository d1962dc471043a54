import type { RecordBlock } from '../engine/client/codec/log-group-list'
import type { Content, Log } from '../engine/client/model'
import type { Refusal, SourceBatch, SourceGroup } from '../engine/source/batch'
import { fetchMessage } from './fetch-message'
import { convertRecord, convertRecords, type FieldConversion } from './field-conversion'
import { nextMessageId } from './message-ids'
import type { NodeMessage } from './node-red'
import { addTimesNs, receivedFrom, tagsRecord } from './received-from'

export const outputs = ['log', 'group', 'fetch', 'raw'] as const
export type Output = (typeof outputs)[number]

export interface MessageOptions extends FieldConversion {
  output: Output
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
  return { topic: group.topic, payload: convertRecords(records, options), sls }
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
