// The emulator's process.
import { join } from 'node:path'
import { startOnPort } from './ports.mjs'

export const preferredEmulatorPort = 9000

/**
 * @param {{ children: import('./child.mjs').Children, project: string, logstore: string }} options logstore: NAME:SHARDS
 * @returns {Promise<{ endpoint: string, project: string, accessKeyId: string, accessKeySecret: string }>}
 */
export async function startEmulator(root, { children, project, logstore }) {
  return await startOnPort(preferredEmulatorPort, async (port) => {
    const child = children.start('The emulator', [
      join(root, 'dist/emulator/cli.js'),
      ...['--port', String(port), '--project', project, '--logstore', logstore]
    ])
    const [line] = await child.waitFor(/^\{.*"endpoint".*\}$/)
    child.mustStay()
    return JSON.parse(line)
  })
}
