// The codec inside of @alicloud/log (protobufjs 6): the steps of its postLogStoreLogs.
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { require } from '../paths.mjs'

const home = dirname(require.resolve('@alicloud/log/package.json'))
const protobuf = createRequire(join(home, 'package.json'))('protobufjs')
const schema = protobuf.loadSync(join(home, 'lib/sls.proto'))
const Content = schema.lookup('sls.Log.Content')
const Log = schema.lookup('sls.Log')
const LogGroup = schema.lookupType('sls.LogGroup')

/** Each content, each log and the group verified, then created and encoded. */
export function encode({ records, times }) {
  const payload = { Logs: [], Topic: 'bench', Source: '10.0.0.1' }
  for (let index = 0; index < records.length; index++) {
    const log = { Time: times[index], Contents: [] }
    for (const [Key, Value] of Object.entries(records[index])) {
      const content = { Key, Value }
      refuse(Content.verify(content))
      log.Contents.push(content)
    }
    refuse(Log.verify(log))
    payload.Logs.push(log)
  }
  refuse(LogGroup.verify(payload))
  return LogGroup.encode(LogGroup.create(payload)).finish()
}

export function decode(body) {
  return LogGroup.decode(body).Logs.map((log) => {
    const record = {}
    for (const { Key, Value } of log.Contents) record[Key] = Value
    return record
  })
}

function refuse(error) {
  if (error) throw new Error(error)
}
