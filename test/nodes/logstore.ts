import type { SlsEmulator } from '../../emulator/index'
import { SlsClient } from '../../engine/client/client'
import type { LogInput } from '../../engine/client/codec/log-group-encoder'
import type { Content } from '../../engine/client/model'
import { SlsSink } from '../../engine/sink/sink'
import { SlsSource } from '../../engine/source/source'

function clientOf(sls: SlsEmulator): SlsClient {
  return new SlsClient({
    endpoint: sls.endpoint,
    project: sls.project,
    credentials: { accessKeyId: sls.accessKeyId, accessKeySecret: sls.accessKeySecret }
  })
}

export interface Group {
  logstore?: string
  topic?: string
  source?: string
  tags?: readonly Content[]
  /** The first shard where not given. */
  hashKey?: string
  logs: readonly LogInput[]
}

/** Writes each group as one log group, in this order. */
export async function write(sls: SlsEmulator, ...groups: readonly Group[]): Promise<void> {
  const client = clientOf(sls)
  const sink = new SlsSink({ client, logstore: 'access', flushInterval: 0, concurrency: 1 })
  for (const group of groups) await sink.write({ hashKey: '0'.repeat(32), ...group })
  await sink.close()
  client.close()
}

/** A group of numbered logs. */
export function numbered(from: number, to: number): Group {
  const time = Math.floor(Date.now() / 1000)
  return { logs: Array.from({ length: to - from }, (_, n) => ({ time, contents: { n: String(from + n) } })) }
}

/** The logs of a logstore, as soon as there are so many. */
export async function read(sls: SlsEmulator, count: number, logstore = 'access') {
  const client = clientOf(sls)
  const source = new SlsSource({ client, logstores: logstore })
  const logs = []
  for await (const batch of source) {
    for (const group of batch.groups) {
      const { topic, source: origin, tags } = group
      for (const log of group.logs()) logs.push({ ...log, topic, source: origin, tags, shard: batch.shard })
    }
    batch.ack()
    if (logs.length >= count) break
  }
  await source.close()
  client.close()
  return logs
}
