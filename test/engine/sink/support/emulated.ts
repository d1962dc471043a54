import { type EmulatorOptions, SlsEmulator } from '../../../../emulator'
import { SlsClient } from '../../../../engine/client/client'
import type { SinkOptions } from '../../../../engine/sink/options'
import { SlsSink } from '../../../../engine/sink/sink'
import { type DecodedGroup, decodeGroupList } from './decode'

/** A sink that writes over real HTTP, and what is needed to look at what arrived. */
export class Emulated {
  readonly #sinks: SlsSink[] = []

  private constructor(
    public service: SlsEmulator,
    readonly client: SlsClient
  ) {}

  static async start(options: EmulatorOptions = {}): Promise<Emulated> {
    const service = await SlsEmulator.start({ quiet: true, ...options })
    const { endpoint, project, accessKeyId, accessKeySecret } = service
    const client = new SlsClient({ endpoint, project, credentials: { accessKeyId, accessKeySecret } })
    return new Emulated(service, client)
  }

  sink(options: Partial<SinkOptions> = {}): SlsSink {
    const sink = new SlsSink({
      client: this.client,
      logstore: 'access',
      flushInterval: 20,
      concurrency: 4,
      retry: { maxRetries: 30, maxRetriesRetryable: 1000, baseRetryBackoff: 5, maxRetryBackoff: 50 },
      ...options
    })
    this.#sinks.push(sink)
    return sink
  }

  /** Everything in a logstore, shard by shard, read by a foreign decoder. */
  async groups(logstore = 'access'): Promise<DecodedGroup[]> {
    const groups: DecodedGroup[] = []
    for (const { shardId } of await this.client.listShards(logstore)) {
      let cursor = await this.client.getCursor(logstore, shardId, 'begin')
      for (;;) {
        const pulled = await this.client.pullLogs({ logstore, shard: shardId, cursor, count: 1000 })
        groups.push(...decodeGroupList(pulled.body))
        if (pulled.nextCursor === cursor) break
        cursor = pulled.nextCursor
      }
    }
    return groups
  }

  /** The values of a field of all logs in a logstore. */
  async values(field: string, logstore = 'access'): Promise<string[]> {
    const groups = await this.groups(logstore)
    return groups.flatMap(({ logs }) =>
      logs.flatMap(({ contents }) => contents.filter(([key]) => key === field).map(([, value]) => value))
    )
  }

  async close(): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.close(0)))
    this.client.close()
    await this.service.close()
  }
}
