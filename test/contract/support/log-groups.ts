import path from 'node:path'
import protobuf from 'protobufjs'

export type Pair = readonly [key: string, value: string]

export interface Log {
  /** Unix seconds. */
  time: number
  /** 0..999999999. */
  timeNs?: number | undefined
  contents: readonly Pair[]
}

export interface LogGroup {
  topic?: string | undefined
  source?: string | undefined
  tags?: readonly Pair[] | undefined
  logs: readonly Log[]
}

interface KeyValue {
  Key: string
  Value: string
}

interface LogGroupMessage {
  Logs?: { Time: number; Contents?: KeyValue[]; Time_ns?: number }[]
  Topic?: string
  Source?: string
  LogTags?: KeyValue[]
}

const schema = new protobuf.Root().loadSync(path.resolve('test/fixtures/sls.proto'), { keepCase: true })
const groupType = schema.lookupType('sls.LogGroup')
const listType = schema.lookupType('sls.LogGroupList')

export function encodeLogGroup({ logs, topic, source, tags = [] }: LogGroup): Buffer {
  const message: LogGroupMessage = {
    Logs: logs.map(({ time, timeNs, contents }) => ({
      Time: time,
      Contents: contents.map(toKeyValue),
      ...(timeNs === undefined ? {} : { Time_ns: timeNs })
    })),
    ...(topic === undefined ? {} : { Topic: topic }),
    ...(source === undefined ? {} : { Source: source }),
    LogTags: tags.map(toKeyValue)
  }
  return Buffer.from(groupType.encode(groupType.create(message)).finish())
}

/** Throws for bytes that are not a whole LogGroupList. */
export function decodeLogGroupList(body: Buffer): LogGroup[] {
  const list = listType.toObject(listType.decode(body), { arrays: true }) as {
    logGroupList: LogGroupMessage[]
  }
  return list.logGroupList.map(fromMessage)
}

function fromMessage({ Logs = [], Topic, Source, LogTags = [] }: LogGroupMessage): LogGroup {
  return {
    topic: Topic ?? '',
    source: Source ?? '',
    tags: LogTags.map(toPair),
    logs: Logs.map(({ Time, Contents = [], Time_ns }) => ({
      time: Time,
      ...(Time_ns === undefined ? {} : { timeNs: Time_ns }),
      contents: Contents.map(toPair)
    }))
  }
}

function toKeyValue([Key, Value]: Pair): KeyValue {
  return { Key, Value }
}

function toPair({ Key, Value }: KeyValue): Pair {
  return [Key, Value]
}
