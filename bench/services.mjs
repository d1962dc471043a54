// The services that contenders talk to, each in a process of its own.
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { root } from './paths.mjs'

/** Nothing is left behind, whatever ends the run. */
const running = new Set()
process.on('exit', () => {
  for (const child of running) child.kill()
})

const credentials = { accessKeyId: 'bench', accessKeySecret: 'bench-secret' }

export async function startStub() {
  const child = fork(fileURLToPath(new URL('./stub-process.mjs', import.meta.url)))
  running.add(child)
  const [{ endpoint }] = await once(child, 'message')
  return {
    connection: { endpoint, project: 'demo', credentials },
    counts: async () => (await fetch(`${endpoint}/counts`)).json(),
    close: () => end(child)
  }
}

/** The emulator with these logstores, `NAME:SHARDS`. */
export async function startEmulator(logstores) {
  const names = logstores.flatMap((logstore) => ['--logstore', logstore])
  const args = [join(root, 'dist/emulator/cli.js'), '--port', '0', '--memory', '1g', ...names]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  running.add(child)
  const [line] = await once(createInterface(child.stdout), 'line')
  const { endpoint, project, accessKeyId, accessKeySecret } = JSON.parse(line)
  return {
    pid: child.pid,
    connection: { endpoint, project, credentials: { accessKeyId, accessKeySecret } },
    close: () => end(child)
  }
}

async function end(child) {
  const ended = once(child, 'exit')
  child.kill()
  await ended
  running.delete(child)
}
