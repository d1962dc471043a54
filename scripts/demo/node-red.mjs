// A real Node-RED with a user directory of its own, in which this package is linked.
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startOnPort } from './ports.mjs'

export const preferredNodeRedPort = 1880

const require = createRequire(import.meta.url)

/** A new user directory in the system's temporary folder. */
export function makeUserDir(root, packageName) {
  const userDir = mkdtempSync(join(tmpdir(), 'sls-demo-'))
  const modules = join(userDir, 'node_modules')
  mkdirSync(modules)
  symlinkSync(root, join(modules, packageName), 'junction')
  writeFileSync(
    join(userDir, 'package.json'),
    JSON.stringify({ name: 'sls-demo', private: true, dependencies: { [packageName]: '*' } })
  )
  return userDir
}

/**
 * @param {import('./child.mjs').Children} children
 * @returns {Promise<{ url: string, deploy(flow: object[]): Promise<void>, watch(onLine: (line: string) => void): void }>}
 *   url: without a slash at its end; watch: for what it prints from then on
 */
export async function startNodeRed(userDir, children) {
  const { child, url } = await startOnPort(preferredNodeRedPort, async (port) => {
    const started = children.start('Node-RED', redArgs(userDir, port), englishOutput)
    const [, address] = await started.waitFor(/Server now running at (http:\/\/\S+?)\/?$/)
    await started.waitFor(/Started flows/)
    started.mustStay()
    return { child: started, url: address }
  })
  return {
    url,
    watch: (onLine) => child.watch(onLine),
    async deploy(flow) {
      const started = child.waitFor(/Started flows/, { past: false })
      const response = await fetch(`${url}/flows`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'Node-RED-Deployment-Type': 'full' },
        body: JSON.stringify(flow)
      })
      if (!response.ok)
        throw new Error(`Node-RED refused the flow: ${response.status} ${await response.text()}`)
      await started
    }
  }
}

/** Whatever the user's language: the demo waits for lines of the output. */
const englishOutput = { ...process.env, LANG: 'en_US.UTF-8', LC_ALL: 'en_US.UTF-8' }

function redArgs(userDir, port) {
  const settings = {
    uiHost: '127.0.0.1',
    uiPort: port,
    flowFile: 'flows.json',
    credentialSecret: randomBytes(24).toString('hex'),
    apiMaxLength: '64mb',
    editorTheme: { tours: false },
    telemetry: { enabled: false, updateNotification: false }
  }
  const settingsFile = join(userDir, 'settings.js')
  writeFileSync(settingsFile, `module.exports = ${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 })
  const redJs = join(dirname(require.resolve('node-red/package.json')), 'red.js')
  return [redJs, '--userDir', userDir, '--settings', settingsFile]
}
