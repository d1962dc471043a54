// The demo's flow: examples/demo.json, pointed at the emulator that was started for it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @param {{ endpoint: string, project: string, logstore: string, accessKeyId: string, accessKeySecret: string,
 *   simulate: boolean }} options simulate: false switches the simulated gateway off, so that only others' logs travel
 */
export function demoFlow(root, { endpoint, project, accessKeyId, accessKeySecret, simulate }) {
  const flow = JSON.parse(readFileSync(join(root, 'examples/demo.json'), 'utf8'))
  return flow.map((node) => {
    if (node.type === 'sls-config') {
      return { ...node, endpoint, project, credentials: { accessKeyId, accessKeySecret } }
    }
    return node.type === 'inject' && !simulate ? { ...node, d: true } : node
  })
}
