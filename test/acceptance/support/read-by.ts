import type { SlsEmulator } from '../../../emulator'
import { SlsClient } from '../../../engine/client/client'
import { SlsSource } from '../../../engine/source/source'

/** The first `count` logs of the logstore `access`, read by somebody whose clock is right. */
export async function readBy(sls: SlsEmulator, clock: () => number, count: number) {
  const { endpoint, project, accessKeyId, accessKeySecret } = sls
  const credentials = { accessKeyId, accessKeySecret }
  const client = new SlsClient({ endpoint, project, credentials, clock })
  const source = new SlsSource({ client, logstores: 'access' })
  const logs = []
  for await (const batch of source) {
    for (const group of batch.groups) logs.push(...group.logs())
    batch.ack()
    if (logs.length >= count) break
  }
  await source.close()
  client.close()
  return logs
}
