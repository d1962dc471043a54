import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { ManagedProcess } from './child-process'

/** A node of a flow as the admin API takes it; `credentials` may be given inline and are stored apart from it. */
export interface FlowNode {
  id: string
  type: string
  [property: string]: unknown
}

export type DeploymentType = 'full' | 'flows' | 'nodes' | 'reload'

export interface NodeRedOptions {
  /** Deployed once Node-RED runs; without it Node-RED runs what the user directory holds. */
  flow?: readonly FlowNode[]
  /** Over the defaults of `settings.js`. */
  settings?: Readonly<Record<string, unknown>>
  /** Over the environment of the test run. */
  env?: Readonly<Record<string, string>>
}

/**
 * A new user directory in the system's temporary folder with this package linked into its node_modules, as
 * `npm install FOLDER` would do it.
 */
export async function makeUserDir(): Promise<string> {
  assert.ok(existsSync('dist/nodes/sls-in.js'), 'dist/ is not built: run `npm run build`')
  const userDir = await mkdtemp(path.join(os.tmpdir(), 'sls-node-red-'))
  const name = 'node-red-contrib-aliyun-sls'
  await mkdir(path.join(userDir, 'node_modules'))
  await symlink(path.resolve('.'), path.join(userDir, 'node_modules', name), 'junction')
  await writeFile(
    path.join(userDir, 'package.json'),
    JSON.stringify({ name: 'test', private: true, dependencies: { [name]: '*' } })
  )
  return userDir
}

export async function removeUserDir(userDir: string): Promise<void> {
  await rm(userDir, { recursive: true, force: true, maxRetries: 5 })
}

/** A real Node-RED in a process of its own, on a free port of 127.0.0.1. */
export class NodeRedProcess {
  /** Base of the admin API and of the http nodes, without a slash at its end. */
  readonly url: string
  readonly userDir: string
  readonly #process: ManagedProcess

  private constructor(url: string, userDir: string, child: ManagedProcess) {
    this.url = url
    this.userDir = userDir
    this.#process = child
  }

  static async start(userDir: string, options: NodeRedOptions = {}): Promise<NodeRedProcess> {
    const settings = {
      uiHost: '127.0.0.1',
      uiPort: 0,
      flowFile: 'flows.json',
      credentialSecret: 'of the tests',
      editorTheme: { tours: false },
      telemetry: { enabled: false, updateNotification: false },
      ...options.settings
    }
    const file = path.join(userDir, 'settings.js')
    await writeFile(file, `module.exports = ${JSON.stringify(settings)}\n`)
    const redJs = path.join(path.dirname(require.resolve('node-red/package.json')), 'red.js')
    // English output whatever the machine's language: its lines are waited for.
    const env = { ...process.env, LANG: 'en_US.UTF-8', LC_ALL: 'en_US.UTF-8', ...options.env }
    const child = new ManagedProcess('Node-RED', [redJs, '--userDir', userDir, '--settings', file], env)
    try {
      const url = (await child.waitFor(/Server now running at (http:\/\/\S+?)\/?$/))[1]
      assert.ok(url !== undefined)
      await child.waitFor(/Started flows/)
      const nodeRed = new NodeRedProcess(url, userDir, child)
      if (options.flow !== undefined) await nodeRed.deploy(options.flow)
      return nodeRed
    } catch (error) {
      await child.end('SIGKILL')
      throw error
    }
  }

  /** Everything Node-RED has printed. */
  get output(): string {
    return this.#process.output
  }

  /** Deploys over the admin API and waits until the flows are started. */
  async deploy(flow: readonly FlowNode[], type: DeploymentType = 'full'): Promise<void> {
    const before = this.#process.lineCount
    const response = await fetch(`${this.url}/flows`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'Node-RED-Deployment-Type': type },
      body: JSON.stringify(flow)
    })
    assert.ok(response.ok, `deploy: HTTP ${response.status} ${await response.text()}`)
    await this.#process.waitFor(/Started (modified )?(flows|nodes)/, before)
  }

  /** The flow as the admin API exports it. */
  async flow(): Promise<FlowNode[]> {
    return (await this.getJson('/flows')) as FlowNode[]
  }

  async getJson(resource: string): Promise<unknown> {
    const response = await fetch(`${this.url}${resource}`, { headers: { accept: 'application/json' } })
    assert.ok(response.ok, `GET ${resource}: HTTP ${response.status}`)
    return await response.json()
  }

  /** Where the log stands now. */
  get logMark(): number {
    return this.#process.lineCount
  }

  /** The first line of the log after the mark that matches, printed already or to come. */
  async logged(pattern: RegExp, mark = 0): Promise<string> {
    return (await this.#process.waitFor(pattern, mark)).input
  }

  /** Stops as the operating system's service manager does: close handlers run. */
  async stop(): Promise<void> {
    await this.#process.end('SIGTERM')
  }

  /** Stops as a power cut does: nothing of it runs any more. */
  async kill(): Promise<void> {
    await this.#process.end('SIGKILL')
  }
}
