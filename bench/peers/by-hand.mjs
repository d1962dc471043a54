// What a careful user of protobufjs 8 would write: its Writer and Reader, without message objects.
import { require } from '../paths.mjs'

const { Reader, Writer } = require('protobufjs')

export function encode({ records, times }) {
  const writer = Writer.create()
  for (let index = 0; index < records.length; index++) {
    const record = records[index]
    writer.uint32(10).fork().uint32(8).uint32(times[index])
    for (const key in record) {
      writer.uint32(18).fork().uint32(10).string(key).uint32(18).string(record[key]).ldelim()
    }
    writer.ldelim()
  }
  return writer.uint32(26).string('bench').uint32(34).string('10.0.0.1').finish()
}

export function decode(body) {
  const reader = Reader.create(body)
  const records = []
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === 10) records.push(decodeLog(reader))
    else reader.skipType(tag & 7)
  }
  return records
}

function decodeLog(reader) {
  const record = {}
  const end = reader.uint32() + reader.pos
  while (reader.pos < end) {
    const tag = reader.uint32()
    if (tag === 18) decodeContent(reader, record)
    else reader.skipType(tag & 7)
  }
  return record
}

function decodeContent(reader, record) {
  const end = reader.uint32() + reader.pos
  let key = ''
  let value = ''
  while (reader.pos < end) {
    const tag = reader.uint32()
    if (tag === 10) key = reader.string()
    else if (tag === 18) value = reader.string()
    else reader.skipType(tag & 7)
  }
  record[key] = value
}
