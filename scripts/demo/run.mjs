// The demo from start to stop.
import { rmSync } from 'node:fs'
import { Children } from './child.mjs'
import { preferredEmulatorPort, startEmulator } from './emulator.mjs'
import { runFile } from './file-run.mjs'
import { demoFlow } from './flow.mjs'
import { pagePath, telemetryPath } from './flow-client.mjs'
import { makeUserDir, preferredNodeRedPort, startNodeRed } from './node-red.mjs'
import { watchArrivals } from './watch.mjs'

const project = 'demo'
const logstore = 'telemetry'
const shards = 2
const defaultFileSeconds = 60

/** Why a run ends before its work is done: somebody pressed Ctrl-C or sent a signal. */
class Interrupted extends Error {}

/**
 * @param {{ root: string, packageName: string, file?: string, seconds?: number }} options
 * @returns {Promise<number>} exit code
 */
export async function runDemo({ root, packageName, file, seconds }) {
  const stop = new AbortController()
  const interrupt = () => stop.abort(new Interrupted('Interrupted'))
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, interrupt)
  const children = new Children((error) => stop.abort(error))
  const userDir = makeUserDir(root, packageName)
  try {
    const work = async () => {
      const demo = await startAll({ root, userDir, children, simulate: file === undefined })
      return file === undefined
        ? await showArrivals(demo, seconds, stop.signal)
        : await carryFile(demo.url, file, seconds ?? defaultFileSeconds, stop.signal, children)
    }
    return await Promise.race([work(), rejectWhen(stop.signal)])
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
    return file === undefined ? 0 : 1
  } finally {
    if (file === undefined) console.log('\nStopping Node-RED and the emulator ...')
    await children.stop()
    rmSync(userDir, { recursive: true, force: true, maxRetries: 5 })
    for (const signal of signals) process.off(signal, interrupt)
  }
}

function rejectWhen(signal) {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

async function startAll({ root, userDir, children, simulate }) {
  const emulator = await startEmulator(root, { children, project, logstore: `${logstore}:${shards}` })
  console.log(`Emulator   ${emulator.endpoint}${otherPort(emulator.endpoint, preferredEmulatorPort)}`)
  console.log(`           project ${project}, logstore ${logstore}, ${shards} shards, in memory`)
  const nodeRed = await startNodeRed(userDir, children)
  console.log(`Node-RED   ${nodeRed.url}${otherPort(nodeRed.url, preferredNodeRedPort)}`)
  console.log(`           user directory ${userDir}, removed at the end`)
  nodeRed.watch((line) => {
    if (/ - \[(warn|error)\] /.test(line)) console.log(`Node-RED   ${line}`)
  })
  await nodeRed.deploy(demoFlow(root, { ...emulator, logstore, simulate }))
  return { url: nodeRed.url, emulator: emulator.endpoint }
}

function otherPort(url, preferred) {
  return new URL(url).port === String(preferred) ? '' : `   (port ${preferred} is taken)`
}

async function showArrivals({ url, emulator }, seconds, signal) {
  console.log(`
A simulated gateway writes telemetry through sls-out; sls-in reads it back.

  The flow        ${url}/
  What arrives    ${url}${pagePath}
  What SLS holds  ${emulator}/
  Send your own   curl -H 'content-type: application/json' -d '{"machine":"mine","temperature":21.5}' ${url}${telemetryPath}

${seconds === undefined ? 'Ctrl-C stops everything.' : `Everything stops after ${seconds} s.`}
`)
  await watchArrivals(url, { seconds, signal, say: console.log })
  return 0
}

async function carryFile(url, file, seconds, signal, children) {
  console.log(`\nSending the lines of ${file} through the flow ...`)
  const result = await runFile({ url, file, seconds, signal, say: console.log })
  await children.stop()
  console.log(JSON.stringify(result))
  const { written, read, lost, duplicated } = result
  return lost === 0 && duplicated === 0 && read === written ? 0 : 1
}
