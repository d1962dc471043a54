import { SlsSink } from '../../engine/sink/sink'
import { Collector } from './collector'
import type { EmulatorProcess } from './emulator-process'
import { connection, type Delivery, deliveringTo, tab } from './flows'
import { makeUserDir, NodeRedProcess, removeUserDir } from './node-red-process'
import { indexed } from './records'

/** One Node-RED of several that read one logstore; its deliveries are collected apart from those of the others. */
export class Instance {
  readonly name: string
  readonly #collector: Collector<Delivery>
  readonly #userDir: string
  #nodeRed: NodeRedProcess | undefined
  #output = ''

  private constructor(name: string, collector: Collector<Delivery>, userDir: string) {
    this.name = name
    this.#collector = collector
    this.#userDir = userDir
  }

  static async start(
    name: string,
    sls: EmulatorProcess,
    slsIn: Readonly<Record<string, unknown>>,
    env: Readonly<Record<string, string>> = {}
  ): Promise<Instance> {
    const collector = await Collector.start<Delivery>()
    const instance = new Instance(name, collector, await makeUserDir())
    const flow = [
      tab,
      connection(sls),
      ...deliveringTo(collector.url, { logstores: 'logs', acknowledge: 'manual', ...slsIn })
    ]
    instance.#nodeRed = await NodeRedProcess.start(instance.#userDir, { flow, env })
    return instance
  }

  get received(): readonly Delivery[] {
    return this.#collector.received
  }

  /** It has lost shards without a hand-over, and said so in its log. */
  get hasLostShards(): boolean {
    return /lost shards/.test(this.#output + (this.#nodeRed?.output ?? ''))
  }

  async kill(): Promise<void> {
    this.#output += this.#nodeRed?.output ?? ''
    await this.#nodeRed?.kill()
    this.#nodeRed = undefined
  }

  /** Goes on with what its user directory holds. */
  async startAgain(env: Readonly<Record<string, string>> = {}): Promise<void> {
    this.#nodeRed = await NodeRedProcess.start(this.#userDir, { env })
  }

  async end(): Promise<void> {
    await this.#nodeRed?.stop()
    await this.#collector.close()
    await removeUserDir(this.#userDir)
  }
}

/** Writes numbered logs to all shards in turn, on and on, until it is ended. */
export class Writer {
  readonly #sink: SlsSink
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #count = 0

  constructor(sls: EmulatorProcess) {
    const credentials = { accessKeyId: sls.accessKeyId, accessKeySecret: sls.accessKeySecret }
    this.#sink = new SlsSink({
      client: { endpoint: sls.endpoint, project: sls.project, credentials },
      logstore: 'logs',
      flushInterval: 20
    })
    this.#running = this.#write()
  }

  get count(): number {
    return this.#count
  }

  /** The number of logs, all of them accepted. */
  async end(): Promise<number> {
    this.#stop.abort()
    await this.#running
    await this.#sink.close()
    return this.#count
  }

  async #write(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const [contents = {}] = indexed(this.#count, this.#count + 1)
      const time = Math.floor(Date.now() / 1000)
      await this.#sink.write({
        hashKey: (this.#count % 16).toString(16).repeat(32),
        logs: [{ time, contents }]
      })
      this.#count++
    }
  }
}

/** What the emulator says of the consumer group of the logstore. */
export async function groupShards(sls: EmulatorProcess): Promise<{ owner?: string; checkpoint: string }[]> {
  const response = await fetch(`${sls.endpoint}/_emulator/stats`)
  const { projects } = (await response.json()) as {
    projects: Record<
      string,
      Record<string, { consumerGroups: { shards: { owner?: string; checkpoint: string }[] }[] }>
    >
  }
  return projects[sls.project]?.['logs']?.consumerGroups[0]?.shards ?? []
}
