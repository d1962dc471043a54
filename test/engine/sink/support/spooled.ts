import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { SinkEvents } from '../../../../engine/sink/events'
import type { SinkOptions } from '../../../../engine/sink/options'
import { SlsSink } from '../../../../engine/sink/sink'
import { FakeService } from './fake-service'

/** Sinks that use one folder one after another, in front of a service of the test's own. */
export class Spooled {
  service = new FakeService()
  readonly events: { [Name in keyof SinkEvents]?: SinkEvents[Name][] } = {}
  readonly #sinks: SlsSink[] = []

  private constructor(readonly folder: string) {}

  static async start(): Promise<Spooled> {
    return new Spooled(await mkdtemp(path.join(tmpdir(), 'sls-spool-')))
  }

  get path(): string {
    return path.join(this.folder, 'spool')
  }

  sink(options: Partial<SinkOptions> = {}): SlsSink {
    const sink = new SlsSink({
      client: this.service,
      logstore: 'access',
      compression: 'none',
      concurrency: 4,
      flushInterval: 5,
      spool: 'always',
      spoolPath: this.path,
      retry: { maxRetries: 2, maxRetriesRetryable: 20, baseRetryBackoff: 2, maxRetryBackoff: 20 },
      ...options
    })
    for (const name of [
      'spoolTrouble',
      'spoolRecovered',
      'spoolDamage',
      'spoolExpired',
      'spoolRejected',
      'retry'
    ] as const)
      this.#keep(sink, name)
    this.#sinks.push(sink)
    return sink
  }

  #keep<Name extends keyof SinkEvents>(sink: SlsSink, name: Name): void {
    sink.on(name, (event) => {
      const kept: SinkEvents[Name][] = this.events[name] ?? []
      kept.push(event)
      this.events[name] = kept as (typeof this.events)[Name]
    })
  }

  /** The files of the spool. */
  async files(): Promise<string[]> {
    const names = await readdir(this.path)
    return names.filter((name) => name.endsWith('.spool'))
  }

  async close(): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.close(0)))
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** Waits until it is so. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 15_000
  while (!(await isSo())) {
    assert.ok(performance.now() < end, `in vain for: ${what}`)
    await pause(5)
  }
}
