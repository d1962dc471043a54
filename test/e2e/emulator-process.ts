import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { ManagedProcess } from './child-process'

/** The emulator in a process of its own, as its command line starts it, on a free port. */
export class EmulatorProcess {
  readonly endpoint: string
  readonly project: string
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly #process: ManagedProcess

  private constructor(announcement: Record<string, string>, child: ManagedProcess) {
    this.endpoint = String(announcement['endpoint'])
    this.project = String(announcement['project'])
    this.accessKeyId = String(announcement['accessKeyId'])
    this.accessKeySecret = String(announcement['accessKeySecret'])
    this.#process = child
  }

  /** @param args of the command line, e.g. `--logstore access:2`; the port is a free one unless they name one */
  static async start(...args: string[]): Promise<EmulatorProcess> {
    const cli = path.resolve('dist/emulator/cli.js')
    assert.ok(existsSync(cli), 'dist/ is not built: run `npm run build`')
    const child = new ManagedProcess('The emulator', [cli, '--port', '0', ...args])
    const [line] = await child.waitFor(/^\{.*"endpoint".*\}$/)
    return new EmulatorProcess(JSON.parse(line) as Record<string, string>, child)
  }

  get port(): number {
    return Number(new URL(this.endpoint).port)
  }

  async stop(): Promise<void> {
    await this.#process.end('SIGTERM')
  }
}
