import { writeSync } from 'node:fs'
import { SlsSource } from '../../../engine/source/source'
import { FileProgressStore } from '../../../engine/state/progress-store'

/** Reads until it is killed: prints a line a log, the log's id and message, before it acknowledges. */
async function read(endpoint: string, file: string): Promise<void> {
  const source = new SlsSource({
    client: { endpoint, project: 'demo', credentials: { accessKeyId: 'id', accessKeySecret: 'secret' } },
    logstores: 'access',
    state: new FileProgressStore(file),
    checkpointInterval: 10,
    fetchInterval: 5,
    maxLogGroups: 3
  })
  for await (const batch of source) {
    for (const group of batch.groups) {
      const place = `${batch.project}/${batch.logstore}/${batch.shard}/${group.cursor}`
      group.logs().forEach(({ contents }, index) => {
        writeSync(1, `log ${place}/${group.firstIndex + index} ${contents[0]?.[1]}\n`)
      })
      // Out of order now and then, so that acknowledged ranges are saved as well.
      if (Math.random() < 0.3) setTimeout(() => group.ack(), 20)
      else group.ack()
    }
  }
}

const [, , endpoint = '', file = ''] = process.argv
if (require.main === module) void read(endpoint, file)
