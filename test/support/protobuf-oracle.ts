import * as path from 'node:path'
import * as protobuf from 'protobufjs'
import type { Content, Log, LogGroup } from '../../engine/client/model'

interface Pair {
  Key: string
  Value: string
}

interface GroupMessage {
  Logs: { Time: number; Contents: Pair[]; Time_ns?: number }[]
  Topic?: string
  Source?: string
  LogTags: Pair[]
}

const root = new protobuf.Root().loadSync(path.resolve('test/fixtures/sls.proto'), { keepCase: true })
const groupType = root.lookupType('sls.LogGroup')
const listType = root.lookupType('sls.LogGroupList')

/** The same data through protobufjs: what the codec writes and reads is compared with it. */
export const oracle = {
  encodeGroup: (group: LogGroup): Buffer => Buffer.from(groupType.encode(messageOf(group)).finish()),
  encodeList: (groups: readonly LogGroup[]): Buffer =>
    Buffer.from(listType.encode({ logGroupList: groups.map(messageOf) }).finish()),
  decodeGroup: (body: Buffer): LogGroup => groupOf(groupType.decode(body) as unknown as GroupMessage),
  decodeList: (body: Buffer): LogGroup[] =>
    (listType.decode(body) as unknown as { logGroupList: GroupMessage[] }).logGroupList.map(groupOf)
}

function messageOf(group: LogGroup): GroupMessage {
  return {
    Logs: group.logs.map((log) => ({
      Time: log.time,
      Contents: log.contents.map(pairOf),
      ...(log.timeNs === undefined ? {} : { Time_ns: log.timeNs })
    })),
    ...(group.topic === '' ? {} : { Topic: group.topic }),
    ...(group.source === '' ? {} : { Source: group.source }),
    LogTags: group.tags.map(pairOf)
  }
}

function groupOf(message: GroupMessage): LogGroup {
  return {
    topic: message.Topic ?? '',
    source: message.Source ?? '',
    tags: message.LogTags.map(contentOf),
    logs: message.Logs.map(logOf)
  }
}

function logOf(message: GroupMessage['Logs'][number]): Log {
  const log = { time: message.Time, contents: message.Contents.map(contentOf) }
  return Object.hasOwn(message, 'Time_ns') ? { ...log, timeNs: message.Time_ns } : log
}

function pairOf([Key, Value]: Content): Pair {
  return { Key, Value }
}

function contentOf({ Key, Value }: Pair): Content {
  return [Key, Value]
}
