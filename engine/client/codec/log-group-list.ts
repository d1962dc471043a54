import type { Content, Log } from '../model'
import { checkedBytes } from '../option-checks'
import { readLog, readPair, wrongType } from './log-reader'
import { nativeBuffer } from './native-buffer'
import { type RecordBlock, RecordReader } from './record-reader'
import * as tags from './tags'
import { varintSize, writeVarint } from './varint'
import { corrupt, LENGTH_DELIMITED, WireReader } from './wire-reader'

export type { Content, Log } from '../model'
export type { RecordBlock } from './record-reader'

/** A log group whose frame is read; its logs are read when asked for, each time anew. */
export interface LogGroupView {
  readonly topic: string
  readonly source: string
  readonly tags: readonly Content[]
  readonly logCount: number
  /** Bytes of the encoded group. */
  readonly byteLength: number
  /** The encoded group: a view of the body that it was read from, or a copy where that memory is used again. */
  readonly encoded: Buffer
  /**
   * The logs with their contents as received, in order.
   * @throws SlsError `CorruptBody` naming the byte offset and the field
   */
  logs(): Log[]
  /**
   * The logs as plain records. A key that occurs again in a log stands under `key (2)`, `key (3)` and so on.
   * @throws SlsError `CorruptBody` naming the byte offset and the field
   */
  records(): RecordBlock
  /**
   * As `records`, in blocks of up to `size` logs, each decoded when it is asked for, so that few records live at a time.
   * @throws SlsError `CorruptBody` before the first block, wherever the damage is
   */
  recordBlocks(size: number): Iterable<RecordBlock>
}

/** The memory of a body, asked for each time that something is read. */
export interface BodyMemory {
  /** The body, to be read before anything else runs: what runs then may use the memory for something else. */
  readonly current: Buffer
  /** Bytes of the body that stay as they are. */
  cut(start: number, end: number): Buffer
}

/** A block in blocks of up to `size` logs. */
export function* cutBlock({ records, times, timesNs }: RecordBlock, size: number): Generator<RecordBlock> {
  for (let from = 0; from < records.length; from += size) {
    const to = from + size
    yield {
      records: records.slice(from, to),
      times: times.slice(from, to),
      timesNs: timesNs.slice(from, to)
    }
  }
}

/**
 * The groups of a LogGroupList, the decompressed body of a pull.
 * @param memory where the body lies: where not given, always in `body`
 * @throws SlsError `CorruptBody` naming the byte offset and the field; `InvalidOption` for what is no Buffer
 */
export function parseLogGroupList(
  body: Buffer,
  memory: BodyMemory = lasting(checkedBytes('body', body))
): LogGroupView[] {
  const reader = new WireReader(body, 0, body.length)
  const groups: LogGroupView[] = []
  while (!reader.done) {
    const offset = reader.offset
    const tag = reader.tag()
    if (tag === tags.LIST_GROUP) {
      const fieldEnd = reader.fieldEnd('LogGroupList.logGroupList')
      groups.push(readGroup(body, reader.offset, fieldEnd, memory))
      reader.offset = fieldEnd
    } else if (tag >>> 3 === 1) throw corrupt(offset, 'LogGroupList.logGroupList', wrongType(tag))
    else reader.skip(tag, offset)
  }
  return groups
}

/**
 * One LogGroup, the decompressed body of a put.
 * @throws SlsError `CorruptBody` naming the byte offset and the field
 */
export function parseLogGroup(body: Buffer): LogGroupView {
  return readGroup(body, 0, body.length, lasting(body))
}

/** A LogGroupList of groups that are encoded already. */
export function encodeLogGroupList(groups: readonly Buffer[]): Buffer {
  const size = groups.reduce((sum, group) => sum + 1 + varintSize(group.length) + group.length, 0)
  const list = Buffer.allocUnsafeSlow(size)
  let offset = 0
  for (const group of groups) {
    list[offset] = tags.LIST_GROUP
    offset = writeVarint(list, group.length, offset + 1)
    offset += group.copy(list, offset)
  }
  return list
}

function lasting(body: Buffer): BodyMemory {
  return { current: body, cut: (start, end) => body.subarray(start, end) }
}

interface GroupFrame {
  topic: string
  source: string
  tags: Content[]
  logCount: number
}

function readGroup(body: Buffer, start: number, end: number, memory: BodyMemory): LogGroupView {
  const reader = new WireReader(body, start, end)
  const frame: GroupFrame = { topic: '', source: '', tags: [], logCount: 0 }
  while (!reader.done) {
    const offset = reader.offset
    const tag = reader.tag()
    switch (tag) {
      case tags.GROUP_LOG:
        reader.offset = reader.fieldEnd('LogGroup.Logs')
        frame.logCount++
        break
      case tags.GROUP_TOPIC:
        frame.topic = reader.text('LogGroup.Topic')
        break
      case tags.GROUP_SOURCE:
        frame.source = reader.text('LogGroup.Source')
        break
      case tags.GROUP_TAG: {
        const fieldEnd = reader.fieldEnd('LogGroup.LogTags')
        frame.tags.push(readPair(body, reader.offset, fieldEnd, 'LogGroup.LogTags'))
        reader.offset = fieldEnd
        break
      }
      default:
        if (tag >>> 3 <= 6 && (tag & 7) !== LENGTH_DELIMITED) {
          throw corrupt(offset, `LogGroup field ${tag >>> 3}`, wrongType(tag))
        }
        reader.skip(tag, offset)
    }
  }
  return new EncodedLogGroup(memory, start, end, frame)
}

class EncodedLogGroup implements LogGroupView {
  readonly topic: string
  readonly source: string
  readonly tags: readonly Content[]
  readonly logCount: number
  readonly #memory: BodyMemory
  readonly #start: number
  readonly #end: number

  constructor(memory: BodyMemory, start: number, end: number, frame: GroupFrame) {
    this.topic = frame.topic
    this.source = frame.source
    this.tags = frame.tags
    this.logCount = frame.logCount
    this.#memory = memory
    this.#start = start
    this.#end = end
  }

  get byteLength(): number {
    return this.#end - this.#start
  }

  get encoded(): Buffer {
    return this.#memory.cut(this.#start, this.#end)
  }

  logs(): Log[] {
    const logs: Log[] = []
    const body = this.#memory.current
    this.#eachLog(body, (start, end) => logs.push(readLog(body, start, end)))
    return logs
  }

  records(): RecordBlock {
    const body = this.#memory.current
    const reader = new RecordReader(nativeBuffer(body))
    this.#eachLog(body, (start, end) => reader.read(start, end))
    return reader.block
  }

  recordBlocks(size: number): Iterable<RecordBlock> {
    const body = this.#memory.current
    const reader = new RecordReader(nativeBuffer(body))
    const bounds: number[] = []
    let isPlain = true
    this.#eachLog(body, (start, end) => {
      isPlain &&= reader.isPlain(start, end)
      bounds.push(start, end)
    })
    return isPlain ? this.#readBlocks(bounds, size) : cutBlock(this.records(), size)
  }

  /** @param bounds start and end of each log */
  *#readBlocks(bounds: readonly number[], size: number): Generator<RecordBlock> {
    for (let from = 0; from < bounds.length; from += size * 2) {
      const reader = new RecordReader(nativeBuffer(this.#memory.current))
      const to = Math.min(from + size * 2, bounds.length)
      for (let at = from; at < to; at += 2) reader.read(bounds[at] as number, bounds[at + 1] as number)
      yield reader.block
    }
  }

  #eachLog(body: Buffer, visit: (start: number, end: number) => void): void {
    const reader = new WireReader(body, this.#start, this.#end)
    while (!reader.done) {
      const offset = reader.offset
      const tag = reader.tag()
      if (tag === tags.GROUP_LOG) {
        const fieldEnd = reader.fieldEnd('LogGroup.Logs')
        visit(reader.offset, fieldEnd)
        reader.offset = fieldEnd
      } else reader.skip(tag, offset)
    }
  }
}
