// Codec side by side: ours, protobufjs 8 by reflection, and the codec of @alicloud/log (protobufjs 6).
// `node bench/codec.mjs [folder of the compiled code, default dist]`
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dataSets } from './codec-data.mjs'
import { interleave, median } from './measure.mjs'

const ROUNDS = 9
const GROUP_SIZE = 2000

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)
const compiled = resolve(process.argv[2] ?? join(root, 'dist'))
const { LogGroupEncoder } = require(join(compiled, 'engine/client/codec/log-group-encoder.js'))
const { parseLogGroup } = require(join(compiled, 'engine/client/codec/log-group-list.js'))

const protobuf8 = require('protobufjs')
const LogGroup = protobuf8.loadSync(join(root, 'test/fixtures/sls.proto')).lookupType('sls.LogGroup')

const alicloudLog = dirname(require.resolve('@alicloud/log/package.json'))
const protobuf6 = createRequire(join(alicloudLog, 'package.json'))('protobufjs')
const alicloud = protobuf6.loadSync(join(alicloudLog, 'lib/sls.proto'))
const AlicloudContent = alicloud.lookup('sls.Log.Content')
const AlicloudLog = alicloud.lookup('sls.Log')
const AlicloudLogGroup = alicloud.lookupType('sls.LogGroup')

function encodeOurs({ records, times }) {
  const encoder = new LogGroupEncoder({ topic: 'bench', source: '10.0.0.1' })
  for (let index = 0; index < records.length; index++) {
    encoder.append({ time: times[index], contents: records[index] })
  }
  return encoder.finish()
}

function encodeReflection({ records, times }) {
  const Logs = records.map((record, index) => ({
    Time: times[index],
    Contents: Object.keys(record).map((Key) => ({ Key, Value: record[Key] }))
  }))
  return LogGroup.encode({ Logs, Topic: 'bench', Source: '10.0.0.1' }).finish()
}

/** The steps of its postLogStoreLogs: each content, each log and the group verified, then created and encoded. */
function encodeAlicloud({ records, times }) {
  const payload = { Logs: [], Topic: 'bench', Source: '10.0.0.1' }
  for (let index = 0; index < records.length; index++) {
    const log = { Time: times[index], Contents: [] }
    for (const [Key, Value] of Object.entries(records[index])) {
      const content = { Key, Value }
      refuse(AlicloudContent.verify(content))
      log.Contents.push(content)
    }
    refuse(AlicloudLog.verify(log))
    payload.Logs.push(log)
  }
  refuse(AlicloudLogGroup.verify(payload))
  return AlicloudLogGroup.encode(AlicloudLogGroup.create(payload)).finish()
}

function refuse(error) {
  if (error) throw new Error(error)
}

function decodeOurs(body) {
  return parseLogGroup(body).records().records
}

function decodeReflection(body) {
  return flatten(LogGroup.decode(body))
}

function decodeAlicloud(body) {
  return flatten(AlicloudLogGroup.decode(body))
}

function flatten(group) {
  return group.Logs.map((log) => {
    const record = {}
    for (const { Key, Value } of log.Contents) record[Key] = Value
    return record
  })
}

function table(title, peers, rows) {
  console.log(
    `\n${title}: thousand logs per CPU second (median of ${ROUNDS} interleaved rounds), ours against each`
  )
  console.log(['data', 'bytes/log', 'ours', ...peers, ...peers.map((peer) => `x ${peer}`)].join('\t'))
  for (const row of rows) console.log(row.join('\t'))
}

function compare(contenders) {
  const seconds = Object.values(interleave(contenders, ROUNDS)).map(median)
  const rates = seconds.map((value) => Math.round(GROUP_SIZE / value / 1000))
  const ratios = seconds.slice(1).map((value) => (value / seconds[0]).toFixed(2))
  return [...rates, ...ratios]
}

console.log(
  `Node ${process.version}, ${cpus()[0]?.model}, ${cpus().length} cores; groups of ${GROUP_SIZE} logs`
)
const encodeRows = []
const decodeRows = []
for (const [name, data] of Object.entries(dataSets(root, GROUP_SIZE))) {
  const body = encodeOurs(data)
  assert.deepEqual(LogGroup.decode(body), LogGroup.decode(encodeReflection(data)))
  assert.deepEqual(decodeOurs(body), data.records)
  const size = Math.round(body.length / GROUP_SIZE)
  const encode = compare({
    ours: () => encodeOurs(data),
    reflection: () => encodeReflection(data),
    alicloud: () => encodeAlicloud(data)
  })
  encodeRows.push([name, size, ...encode])
  const decode = compare({
    ours: () => decodeOurs(body),
    reflection: () => decodeReflection(body),
    alicloud: () => decodeAlicloud(body)
  })
  decodeRows.push([name, size, ...decode])
}
const peers = ['reflection', 'alicloud']
table('encode, records to bytes', peers, encodeRows)
table('decode, bytes to plain records', peers, decodeRows)
