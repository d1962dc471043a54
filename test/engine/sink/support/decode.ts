import path from 'node:path'
import { Root } from 'protobufjs'

/** A log group as a foreign decoder reads it. */
export interface DecodedGroup {
  topic: string
  source: string
  tags: [string, string][]
  logs: { time: number; timeNs: number | undefined; contents: [string, string][] }[]
}

interface Pair {
  Key: string
  Value: string
}

interface WireGroup {
  Logs?: { Time: number; Time_ns?: number; Contents?: Pair[] }[]
  Topic?: string
  Source?: string
  LogTags?: Pair[]
}

const schema = new Root().loadSync(path.resolve('test/fixtures/sls.proto'), { keepCase: true })
const logGroup = schema.lookupType('sls.LogGroup')
const logGroupList = schema.lookupType('sls.LogGroupList')

/** One LogGroup message, by protobufjs reflection. */
export function decodeGroup(body: Buffer): DecodedGroup {
  return fromWire(logGroup.toObject(logGroup.decode(body)) as WireGroup)
}

/** A pulled body, likewise. */
export function decodeGroupList(body: Buffer): DecodedGroup[] {
  const { logGroupList: groups } = logGroupList.toObject(logGroupList.decode(body)) as {
    logGroupList?: WireGroup[]
  }
  return (groups ?? []).map(fromWire)
}

function fromWire(group: WireGroup): DecodedGroup {
  return {
    topic: group.Topic ?? '',
    source: group.Source ?? '',
    tags: pairs(group.LogTags),
    logs: (group.Logs ?? []).map((log) => ({
      time: log.Time,
      timeNs: log.Time_ns,
      contents: pairs(log.Contents)
    }))
  }
}

function pairs(wire: Pair[] = []): [string, string][] {
  return wire.map(({ Key, Value }) => [Key, Value])
}
