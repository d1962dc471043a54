// protobufjs 8 with message objects, by reflection or by static code.
import { join } from 'node:path'
import { require, root } from '../paths.mjs'

function schema(kind) {
  if (kind === 'static') return require('./peers/sls-static.cjs').sls
  return require('protobufjs').loadSync(join(root, 'test/fixtures/sls.proto')).lookup('sls')
}

export function protobufjs(kind) {
  const { LogGroup, LogGroupList } = schema(kind)
  return {
    encode: ({ records, times }) => LogGroup.encode(groupOf(records, times)).finish(),
    decode: (body) => flatten(LogGroup.decode(body)),
    decodeList: (body) => LogGroupList.decode(body).logGroupList.map(flatten)
  }
}

function groupOf(records, times) {
  const Logs = records.map((record, index) => ({
    Time: times[index],
    Contents: Object.keys(record).map((Key) => ({ Key, Value: record[Key] }))
  }))
  return { Logs, Topic: 'bench', Source: '10.0.0.1' }
}

function flatten(group) {
  return group.Logs.map((log) => {
    const record = {}
    for (const { Key, Value } of log.Contents) record[Key] = Value
    return record
  })
}
