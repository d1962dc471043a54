import { type EmulatorOptions, SlsEmulator } from '../../../emulator'
import { SlsClient } from '../../../engine/client/client'
import { LogGroupEncoder } from '../../../engine/client/codec/log-group-encoder'
import { compress } from '../../../engine/client/compression/compression'
import type { SourceOptions } from '../../../engine/source/options'
import { SlsSource, type SourceBatch, type SourceEvents } from '../../../engine/source/source'
import type { SourceClient } from '../../../engine/source/source-client'

/** Quick enough for tests, slow enough not to flood. */
export const quickRetry = { maxRetries: 3, maxRetriesRetryable: 5, baseRetryBackoff: 5, maxRetryBackoff: 40 }

/** A service over real HTTP with a client, and the sources that read from it; all closed by `close`. */
export class LocalService {
  emulator: SlsEmulator
  client: SlsClient
  readonly #options: EmulatorOptions
  readonly #sources: SlsSource[] = []

  private constructor(emulator: SlsEmulator, options: EmulatorOptions) {
    this.emulator = emulator
    this.#options = options
    this.client = this.newClient()
  }

  static async start(options: EmulatorOptions = {}): Promise<LocalService> {
    const complete = {
      accessKeyId: 'id',
      accessKeySecret: 'secret',
      quiet: true,
      logstores: ['access:1'],
      ...options
    }
    return new LocalService(await SlsEmulator.start(complete), complete)
  }

  /** @param clock of this machine; that of the service where not given */
  newClient(clock: (() => number) | undefined = this.#options.clock): SlsClient {
    const { endpoint, project, accessKeyId, accessKeySecret } = this.emulator
    return new SlsClient({
      endpoint,
      project,
      credentials: { accessKeyId, accessKeySecret },
      requestTimeout: 5000,
      retry: quickRetry,
      clock
    })
  }

  /** Stops the service; `start` starts it again at the same address, with what it stored if it has a folder. */
  async stop(): Promise<void> {
    await this.emulator.close()
  }

  async startAgain(): Promise<void> {
    this.emulator = await SlsEmulator.start({ ...this.#options, port: this.emulator.port })
  }

  /** Stops and starts again with another key, which its own client uses from then on. */
  async startAgainWith(key: { accessKeyId: string; accessKeySecret: string }): Promise<void> {
    await this.stop()
    this.client.close()
    Object.assign(this.#options, key)
    await this.startAgain()
    this.client = this.newClient()
  }

  /** Writes each message as a log group of one log, one after the other. */
  async write(logstore: string, messages: readonly string[], hashKey?: string): Promise<void> {
    for (const message of messages) await this.writeGroup(logstore, [message], hashKey)
  }

  /** Writes the messages as one log group. */
  async writeGroup(logstore: string, messages: readonly string[], hashKey?: string): Promise<void> {
    const encoder = new LogGroupEncoder({ topic: 'test', source: '127.0.0.1' })
    const time = Math.floor((this.#options.clock?.() ?? Date.now()) / 1000)
    for (const message of messages) encoder.append({ time, contents: { message } })
    const raw = encoder.finish()
    await this.client.putLogs({
      logstore,
      body: await compress('lz4', raw),
      rawSize: raw.length,
      compression: 'lz4',
      hashKey
    })
  }

  source(options: Partial<SourceOptions> = {}): SlsSource {
    const source = new SlsSource({
      client: this.client,
      logstores: 'access',
      fetchInterval: 5,
      discoveryInterval: 50,
      checkpointInterval: 50,
      commitInterval: 50,
      closeTimeout: 5000,
      retry: quickRetry,
      ...options
    })
    this.#sources.push(source)
    return source
  }

  async close(): Promise<void> {
    await Promise.all(this.#sources.map((source) => source.close()))
    this.client.close()
    await this.emulator.close()
  }
}

export function messagesOf(batch: SourceBatch): string[] {
  return batch.logs.map((log) => log.contents.find(([key]) => key === 'message')?.[1] ?? '')
}

export function numbered(count: number, prefix = ''): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`)
}

/** A client of which some calls are others. */
export function clientWith(client: SlsClient, calls: Partial<SourceClient>): SourceClient {
  return new Proxy<SourceClient>(client, {
    get: (target, name: keyof SourceClient) => {
      const own = calls[name] ?? target[name]
      return typeof own === 'function' ? own.bind(target) : own
    }
  })
}

/** In the order of their characters, for comparisons of what may come in any order. */
export function sorted(texts: Iterable<string>): string[] {
  return [...texts].sort((one, other) => (one < other ? -1 : Number(one > other)))
}

/** The next batch; an error where the source has ended. */
export async function nextBatch(iterator: AsyncIterator<SourceBatch>): Promise<SourceBatch> {
  const { done, value } = await iterator.next()
  if (done === true) throw new Error('the source has ended')
  return value
}

/** Reads and acknowledges until `count` messages are here, or more came with the last batch. */
export async function readMessages(source: SlsSource, count: number): Promise<string[]> {
  const iterator = source[Symbol.asyncIterator]()
  const messages: string[] = []
  while (messages.length < count) {
    const batch = await nextBatch(iterator)
    messages.push(...messagesOf(batch))
    batch.ack()
  }
  return messages
}

/** Reads and acknowledges until the source ends. */
export async function readToEnd(source: SlsSource): Promise<string[]> {
  const messages: string[] = []
  for await (const batch of source) {
    messages.push(...messagesOf(batch))
    batch.ack()
  }
  return messages
}

/** Starts the source without taking anything from it. The batch comes as soon as there is one. */
export function begin(source: SlsSource): Promise<IteratorResult<SourceBatch>> {
  return source[Symbol.asyncIterator]().next()
}

/** The next event of a kind for which `matches` holds. */
export function event<Name extends keyof SourceEvents>(
  source: SlsSource,
  name: Name,
  matches: (event: SourceEvents[Name]) => boolean = () => true
): Promise<SourceEvents[Name]> {
  return new Promise((resolve) => {
    const listener = (happened: SourceEvents[Name]) => {
      if (!matches(happened)) return
      source.off(name, listener)
      resolve(happened)
    }
    source.on(name, listener)
  })
}

export function collect<Name extends keyof SourceEvents>(
  source: SlsSource,
  name: Name
): SourceEvents[Name][] {
  const events: SourceEvents[Name][] = []
  source.on(name, (happened) => events.push(happened))
  return events
}

/** Resolves when a condition of the outside world holds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 2))
}
